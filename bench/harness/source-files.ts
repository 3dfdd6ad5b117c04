import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { temporaryFolder } from '#lib/bundling/temporary-folder.ts';
import { contentBytes, contentSha256, contentViews } from '#test/helpers/source-server.ts';

/** The content of every large file of the benchmark's source. */
export const SEED = 'bench';
export const SMALL_BYTES = 102_400;

/** A file of the source: its path and its content. */
export interface FileSpec {
  readonly path: string;
  readonly seed: string;
  readonly length: number;
}

export function largeFile(length: number): FileSpec {
  return { path: `/${length}`, seed: SEED, length };
}

/** Each file has its own content, so an object stored under a wrong key is noticed. */
export function smallFiles(count: number): FileSpec[] {
  return Array.from({ length: count }, (_, index) => {
    const name = String(index).padStart(4, '0');
    return { path: `/small/${name}`, seed: `${SEED} ${name}`, length: SMALL_BYTES };
  });
}

const hashes = new Map<string, string>();

/** Returns the SHA-256 that the landed object must have, as hex. */
export function sha256Of({ seed, length }: Pick<FileSpec, 'seed' | 'length'>): string {
  const name = `${seed} ${length}`;
  const known = hashes.get(name) ?? contentSha256(seed, length);
  hashes.set(name, known);
  return known;
}

let root: string | undefined;
const written = new Set<string>();

/** Writes files for a server that reads from a disk, once in a benchmark. They are deleted when the process ends. */
export async function writeSourceFiles(files: readonly FileSpec[]): Promise<string> {
  if (root === undefined) {
    const folder = temporaryFolder('sluice-bench-source');
    await mkdir(join(folder, 'small'));
    root = folder;
  }
  for (const { path, seed, length } of files) {
    if (written.has(path)) continue;
    const file = join(root, path);
    if (length <= SMALL_BYTES) await writeFile(file, contentBytes(seed, 0, length));
    else await pipeline(Readable.from(contentViews(seed, 0, length)), createWriteStream(file));
    written.add(path);
  }
  return root;
}
