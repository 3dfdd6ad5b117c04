import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from '#cli/input/make-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('makeFolder creates a folder with those above it, also at the same time, and accepts one that exists', async () => {
  const deep = join(folder, 'a/b/c');
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, 'a/b/d'))]);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

it.each(['', '/b/c'])('makeFolder reports a file in the way of the path %j', async (below) => {
  await writeFile(join(folder, 'a'), '');
  await expect(makeFolder(`${join(folder, 'a')}${below}`)).rejects.toMatchObject({ code: 'ENOTDIR' });
});

// Node's own mkdir with `recursive` never ends here.
it.skipIf(!existsSync('/proc/self'))('makeFolder ends where the system creates no folder', async () => {
  await expect(makeFolder('/proc/no-such-process/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
});
