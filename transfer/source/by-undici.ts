import type { SourceReader } from './reader.ts';

/**
 * Reads by undici, at more CPU and memory than the engine's own lane: for comparison, and for whoever prefers it.
 *
 * undici is loaded when it is first needed: it is a good part of a cold start.
 */
export const undiciReader: SourceReader = async (request) => {
  const undici = await import('./undici-reader.ts');
  return undici.undiciReader(request);
};
