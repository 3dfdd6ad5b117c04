import type { ProcessorName } from '#run/input/processor-names.ts';
import type { Processor } from './contract/processor.ts';

/**
 * Every processor of the bundle, by name. The code is loaded with the first item that needs it, so that a worker pays
 * in memory and start time only for what it does. The names themselves stand in `run/input/processor-names.ts`.
 */
const processors: Record<ProcessorName, () => Promise<Processor>> = {
  parquet: async () => (await import('./parquet.ts')).parquet as Processor,
  profile: async () => (await import('./profile.ts')).profile as Processor,
  scrape: async () => (await import('./scrape.ts')).scrape as Processor,
  unpack: async () => (await import('./unpack.ts')).unpackWith(loadProcessor),
};

/** Loads a processor's code; undefined where there is none of that name. */
export function loadProcessor(name: string): Promise<Processor> | undefined {
  return Object.hasOwn(processors, name) ? processors[name as ProcessorName]() : undefined;
}
