import { createHash } from 'node:crypto';
import type { Seed } from './content.ts';

/** A file as the source serves it. Its bytes are `[0, length)` of the seed's content. */
export interface SourceFile {
  readonly seed: Seed;
  readonly length: number;
  /** As it goes into the header, quotes and `W/` included; null sends none. */
  readonly etag: string | null;
  /** null sends none. It is a strong validator only where it is well before the answer's Date (RFC 9110 8.8.2.2). */
  readonly lastModified: Date | null;
  readonly contentType: string | null;
  readonly contentDisposition: string | null;
}

/** A file with a strong ETag and a Last-Modified of 2020, but for what is given. */
export function sourceFile(given: Partial<SourceFile> = {}): SourceFile {
  const seed = given.seed ?? 'sluice';
  const length = given.length ?? 1_000_000;
  return {
    seed,
    length,
    etag: `"${createHash('md5').update(`${seed} ${length}`).digest('hex')}"`,
    lastModified: new Date('2020-02-02T02:02:02Z'),
    contentType: 'application/octet-stream',
    contentDisposition: null,
    ...given,
  };
}
