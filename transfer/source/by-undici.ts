import type { Duplex } from 'node:stream';
import type { SourceAnswer, SourceReader, SourceRequest } from './reader.ts';

// undici is read from its file when it is first needed: most sources never need it, and it is a good part of a cold start.

/** Reads by undici alone: whatever HTTP/1 a server speaks, at more CPU and memory than the fast lane. */
export const undiciReader: SourceReader = async (request) => {
  const undici = await import('./undici-reader.ts');
  return undici.undiciReader(request);
};

/** Reads an answer by undici that has begun on a connection of somebody else's, who has sent its request. */
export async function undiciReadsOn(request: SourceRequest, connection: Duplex): Promise<SourceAnswer> {
  const undici = await import('./undici-reader.ts');
  return undici.undiciReadsOn(request, connection);
}
