/** The name of any processor, built-in or of a deployment's own. */
export const PROCESSOR_NAME = /^[a-z][a-z0-9-]{0,49}$/;

/**
 * The names of the processors in the worker's bundle. The list is separate from their code, so that Plan can refuse an
 * unknown name without loading what a worker loads. The type of the worker's registry requires exactly these names.
 */
export const PROCESSOR_NAMES = ['parquet', 'profile', 'scrape', 'unpack'] as const;
export type ProcessorName = (typeof PROCESSOR_NAMES)[number];
