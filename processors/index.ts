import type { ProcessorName } from '#run/input/processor-names.ts';
import type { Processor } from './contract/processor.ts';

/**
 * Every processor of the bundle, by name. Its code is loaded with the first item that needs it, so a worker uses memory
 * and start time only for the processors that it runs. `run/input/processor-names.ts` has the list of names.
 */
const processors: Record<ProcessorName, () => Promise<Processor>> = {
  parquet: async () => (await import('./parquet.ts')).parquet as Processor,
  profile: async () => (await import('./profile.ts')).profile as Processor,
  scrape: async () => (await import('./scrape.ts')).scrape as Processor,
  unpack: async () => (await import('./unpack.ts')).unpackWith(loadProcessor),
};

/** Loads a processor's code. Returns undefined if no processor has this name. */
export function loadProcessor(name: string): Promise<Processor> | undefined {
  return Object.hasOwn(processors, name) ? processors[name as ProcessorName]() : undefined;
}
