import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CopyLock } from '#cli/copy/copy-lock.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-lock-'));
  file = join(folder, 'a.csv-1.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const OBJECT = 's3://bucket/a.csv';

/** A process that takes the lock, says so, and keeps it. */
async function holder() {
  const module = new URL('../../../cli/copy/copy-lock.ts', import.meta.url).href;
  const code = `import { CopyLock } from ${JSON.stringify(module)};
    globalThis.lock = CopyLock.take(${JSON.stringify(file)}, 'x'); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

it('the lock of a copy is refused to a second process with the pid of the first one, until that process is killed', async () => {
  const child = await holder();
  expect(() => CopyLock.take(file, OBJECT)).toThrow(
    `${OBJECT}: another process (${child.pid}) is copying the same URL to it`,
  );
  child.kill('SIGKILL');
  await once(child, 'close');
  using _lock = CopyLock.take(file, OBJECT);
});

it('the lock of a copy leaves no file behind, and can be taken again', async () => {
  for (let round = 0; round < 3; round++) {
    using _lock = CopyLock.take(file, OBJECT);
    expect(() => CopyLock.take(file, OBJECT)).toThrow('another process is copying');
  }
  expect(await readdir(folder)).toEqual([]);
});

it('a file that is not a lock is reported with what to do', async () => {
  await writeFile(file, 'no lock, but a text that somebody has written here. '.repeat(20));
  expect(() => CopyLock.take(file, OBJECT)).toThrow(
    expect.objectContaining({ message: `the file ${file} can't be locked: file is not a database`, mend: 'remove it' }),
  );
});
