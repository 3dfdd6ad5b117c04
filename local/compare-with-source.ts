import { createHash } from 'node:crypto';
import type { CollectedObject } from './collect-run.ts';

/**
 * Reads each source again and compares it with its landed object.
 *
 * @param urls the source of each key.
 * @returns a sentence for each object whose bytes differ from its source.
 */
export async function compareWithSource(
  objects: readonly CollectedObject[],
  urls: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const differences: string[] = [];
  for (const { key, bytes, sha256 } of objects) {
    const url = urls.get(key);
    if (url === undefined) {
      differences.push(`${key} has landed, but no source has this key`);
      continue;
    }
    const source = await hashOf(url, signal);
    if (source.sha256 !== sha256) {
      differences.push(
        `${key}: the landed object has ${bytes} bytes and the SHA-256 ${sha256}; its source has ${source.bytes} bytes and ${source.sha256}`,
      );
    }
  }
  return differences;
}

async function hashOf(url: string, signal: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null)
    throw new Error(`${url} answered ${response.status} when it was read again`);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of response.body) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
