import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudAssembly } from '#local/cloud-assembly.ts';

let folder: string;
let repository: string;
let cache: string;
let synths: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-assembly-'));
  repository = join(folder, 'repository');
  cache = join(folder, 'cache');
  synths = 0;
  await mkdir(join(repository, 'lib/deep'), { recursive: true });
  await mkdir(join(repository, 'test'));
  for (const file of ['cdk.json', 'lib/deep/stack.ts', 'test/stack.test.ts', '.hidden']) {
    await writeFile(join(repository, file), file);
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const assembly = (inputs: readonly string[] = ['a']) =>
  cloudAssembly({
    repository,
    cache,
    inputs,
    synth: async (into) => {
      synths += 1;
      await writeFile(join(into, 'manifest.json'), `${synths}`);
    },
  });

describe('a cloud assembly', () => {
  it('a cloud assembly is made once, and used again while nothing has changed', async () => {
    const first = await assembly();
    const second = await assembly();
    expect(first.reused).toBe(false);
    expect(second).toEqual({ folder: first.folder, reused: true });
    expect(await readFile(join(second.folder, 'manifest.json'), 'utf8')).toBe('1');
  });

  it.each(['cdk.json', 'lib/deep/stack.ts'])('a cloud assembly is made again when %s changes', async (file) => {
    await assembly();
    await appendFile(join(repository, file), 'more');
    expect((await assembly()).reused).toBe(false);
  });

  it('a cloud assembly is made again after a source is added or removed, and the old one is used again after the change is undone', async () => {
    await assembly();
    await writeFile(join(repository, 'lib/new.ts'), '');
    expect((await assembly()).reused).toBe(false);
    await rm(join(repository, 'lib/new.ts'));
    expect((await assembly()).reused).toBe(true);
  });

  it('other settings get a cloud assembly of their own', async () => {
    await assembly();
    expect((await assembly(['a', 'b'])).reused).toBe(false);
  });

  it('a cloud assembly does not depend on what another synth writes into cdk.out', async () => {
    await assembly();
    await mkdir(join(repository, 'cdk.out'));
    await writeFile(join(repository, 'cdk.out/synth.lock'), '1');
    expect((await assembly()).reused).toBe(true);
  });

  it('a deploy does not fail when files disappear while the sources are read', async () => {
    const files = Array.from({ length: 20 }, (_, index) => join(repository, `lib/.#stack-${index}.ts`));
    let hashes = 0;
    const editing = async () => {
      while (hashes < 30) for (const file of files) await writeFile(file, '').then(() => rm(file));
    };
    const hashing = async () => {
      for (; hashes < 30; hashes++) await assembly();
    };
    await Promise.all([editing(), hashing().finally(() => (hashes = 30))]);
  });

  it('a cloud assembly does not depend on tests and hidden files', async () => {
    await assembly();
    for (const file of ['test/stack.test.ts', '.hidden']) await appendFile(join(repository, file), 'more');
    expect((await assembly()).reused).toBe(true);
  });

  it('nothing is stored of a cloud assembly whose synth fails', async () => {
    const failing = cloudAssembly({
      repository,
      cache,
      inputs: ['a'],
      synth: async (into) => {
        await writeFile(join(into, 'half'), '');
        throw new Error('the app is broken');
      },
    });
    await expect(failing).rejects.toThrow('the app is broken');
    expect(await readdir(cache)).toEqual([]);
    expect((await assembly()).reused).toBe(false);
  });

  it('two processes that need the same cloud assembly at once share one', async () => {
    const [one, other] = await Promise.all([assembly(), assembly()]);
    expect(one.folder).toBe(other.folder);
    expect(await readdir(cache)).toHaveLength(1);
  });

  it('a cloud assembly is deleted when five newer ones exist, unless it was used within the hour', async () => {
    const folders: string[] = [];
    for (const input of ['a', 'b', 'c', 'd', 'e']) folders.push((await assembly([input])).folder);
    await utimes(folders[0] ?? '', new Date(0), new Date(0));
    folders.push((await assembly(['f'])).folder, (await assembly(['g'])).folder);
    expect((await readdir(cache)).sort()).toEqual(
      folders
        .slice(1)
        .map((each) => each.slice(cache.length + 1))
        .sort(),
    );
  });
});
