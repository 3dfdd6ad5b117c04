import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onceForAll } from '#processors/table/once-for-all.ts';

let folder: string;
let lock: string;
let done: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-once-test-'));
  lock = join(folder, 'lock');
  done = join(folder, 'done');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isDone = () => existsSync(done);

describe('onceForAll', () => {
  it('of two callers at the same time one does the work, and both return when it is done', async () => {
    let times = 0;
    const work = async () => {
      times += 1;
      await delay(200);
      await writeFile(done, '');
    };
    const ends = [1, 2].map(() => onceForAll(lock, isDone, work).then(isDone));
    expect(await Promise.all(ends)).toEqual([true, true]);
    expect(times).toBe(1);
    expect(await readdir(folder)).toEqual(['done']);
  });

  it('the next caller does the work if the first one fails, and only the first one throws', async () => {
    const work = async () => {
      await delay(100);
      throw new Error('no network');
    };
    const first = onceForAll(lock, isDone, work);
    const rejected = expect(first).rejects.toThrow('no network');
    await expect.poll(() => existsSync(lock)).toBe(true);
    await onceForAll(lock, isDone, () => writeFile(done, ''));
    await rejected;
    expect(isDone()).toBe(true);
  });

  it('onceForAll continues the work of a process that has died', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    await writeFile(lock, String(pid));
    await onceForAll(lock, isDone, () => writeFile(done, ''));
    expect(await readdir(folder)).toEqual(['done']);
  });
});
