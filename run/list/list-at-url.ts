import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { redactUrl } from '#net/redact.ts';
import type { ListBytes } from './list-bytes.ts';

/**
 * A list at a URL, downloaded once into a local file, under the rules for sources. Both passes over the list read this
 * file, so that both read the same version even if the server's answer changes. Disposing of the list deletes the file.
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
        // With it comes undici, which no other kind of input needs.
        const { fetchList } = await import('./fetch-list.ts');
        contentType = await fetchList(url, guard, join(folder, 'list'));
      }
      return createReadStream(join(folder, 'list'));
    },
    async [Symbol.asyncDispose]() {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
