import { PermanentError } from './contract/permanent-error.ts';
import type { Processor } from './contract/processor.ts';

/** A module that the settings name does not export the processor that they name. */
export class OwnProcessorError extends PermanentError {
  override readonly name = 'OwnProcessorError';
}

/**
 * Finds a processor among the exports of a user's module: any export that has the name and a `process` function.
 *
 * @throws OwnProcessorError if there is none.
 */
export function exportedProcessor(name: string, module: object): Processor {
  const found = Object.values(module).find((one): one is Processor => isProcessor(one) && one.name === name);
  if (found !== undefined) return found;
  const others = Object.values(module)
    .filter(isProcessor)
    .map((one) => one.name);
  throw new OwnProcessorError(
    `workers.processors.${name}: the module exports no processor "${name}"` +
      (others.length === 0 ? '; export what defineProcessor returns' : `, but ${others.join(', ')}`),
  );
}

/**
 * Adds the processors of a user's modules, which have priority over the built-in ones. A module is loaded with the
 * first item that needs it.
 */
export function withOwnProcessors(
  modules: Readonly<Record<string, () => Promise<object>>>,
  builtIn: (name: string) => Promise<Processor> | undefined,
): (name: string) => Promise<Processor> | undefined {
  return (name) => {
    const load = Object.hasOwn(modules, name) ? modules[name] : undefined;
    return load === undefined ? builtIn(name) : load().then((module) => exportedProcessor(name, module));
  };
}

function isProcessor(value: unknown): value is Processor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'process' in value &&
    typeof value.process === 'function'
  );
}
