import * as z from 'zod';
import type { ExecutionInput } from './input.ts';

/** The field of `unpack`'s options that names a processor. */
const unpacksFor = z.object({
  processor: z.literal('unpack'),
  options: z.object({ process: z.object({ processor: z.string() }) }),
});

/**
 * Returns why a processor can't be used, or undefined if the deployment has it.
 *
 * @param deployed the deployed processors; undefined if the caller does not know them. Then every processor is
 * accepted.
 */
export function processorProblem(processor: string, deployed: readonly string[] | undefined): string | undefined {
  if (deployed === undefined || deployed.includes(processor)) return undefined;
  const there = deployed.join(', ');
  return processor === 'parquet'
    ? `parquet is not deployed here, only ${there}; deploy with workers.parquet=true, or use another processor`
    : `there is no processor "${processor}" here, only ${there}; use one of these, or name your own processor in the setting workers.processors`;
}

/** Checks all processors that an input itself names. Each problem is a line that begins with its path. */
export function processorProblems(
  { process, sources = [], work = [] }: Pick<ExecutionInput, 'process' | 'sources' | 'work'>,
  deployed: readonly string[] | undefined,
): string[] {
  const named: (readonly [path: string, processor: string | undefined])[] = [
    ...processorsOf('process', process),
    ...sources.flatMap((source, index) => processorsOf(`sources[${index}].process`, source.process)),
    ...work.map(({ processor }, index) => [`work[${index}].processor`, processor] as const),
  ];
  return named.flatMap(([path, processor]) => {
    const problem = processor && processorProblem(processor, deployed);
    return problem ? [`${path}: ${problem}`] : [];
  });
}

/** The names of a processor, and of the one that `unpack` runs on the unpacked files. */
function processorsOf(
  path: string,
  process: ExecutionInput['process'] | undefined,
): [path: string, processor: string][] {
  if (process === undefined || process === null) return [];
  const { success, data } = unpacksFor.safeParse(process);
  return [
    [path, process.processor],
    ...(success ? [[`${path}.options.process`, data.options.process.processor] as [string, string]] : []),
  ];
}
