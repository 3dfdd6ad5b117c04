import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { redactUrl } from '#net/redact.ts';
import { fetchList } from './fetch-list.ts';
import type { ListBytes } from './list-bytes.ts';

/**
 * A list at a URL, fetched once into a file of this machine, by the rules that hold for sources. Both passes over the list read
 * the file, so that they see one version whatever the server answers next. The file goes when the list is disposed of.
 */
export function listAtUrl(url: string, guard: SourceGuard): ListBytes {
  let folder: string | undefined;
  let contentType: string | undefined;
  const { pathname } = new URL(url);
  return {
    name: redactUrl(url),
    fileName: pathname.slice(pathname.lastIndexOf('/') + 1),
    get contentType() {
      return contentType;
    },
    async read() {
      if (folder === undefined) {
        folder = await mkdtemp(join(tmpdir(), 'sluice-list-'));
        contentType = await fetchList(url, guard, join(folder, 'list'));
      }
      return createReadStream(join(folder, 'list'));
    },
    async [Symbol.asyncDispose]() {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
