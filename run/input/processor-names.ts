/**
 * The processors that the worker's bundle holds. The names stand here, apart from the code, so that Plan can refuse an
 * unknown one without loading what a worker loads; the worker's registry is typed to have exactly these.
 */
export const PROCESSOR_NAMES = ['parquet', 'profile', 'scrape', 'unpack'] as const;
export type ProcessorName = (typeof PROCESSOR_NAMES)[number];
