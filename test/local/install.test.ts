import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
let bin: string;

/** A repository whose npm packages are installed, on a PATH that holds only what a test puts there. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-install-'));
  bin = join(folder, 'bin');
  await mkdir(join(folder, 'local/embedded'), { recursive: true });
  await mkdir(join(folder, 'node_modules'));
  await mkdir(bin);
  for (const file of ['local/install.mjs', 'local/embedded/requirements.txt', 'package-lock.json']) {
    await copyFile(join(REPOSITORY, file), join(folder, file));
  }
  const lock = createHash('sha256').update(await readFile(join(folder, 'package-lock.json')));
  await writeFile(join(folder, 'node_modules/.sluice-lock'), lock.digest('hex'));
  await mkdir(join(folder, 'node_modules/node/bin'), { recursive: true });
  await writeFile(join(folder, 'node_modules/node/bin/node'), '');
  await symlink('/bin/sh', join(bin, 'sh'));
  for (const tool of ['mkdir', 'cp', 'chmod', 'sleep']) await symlink(`/bin/${tool}`, join(bin, tool));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A Python that knows its version, creates environments that contain itself, and records the calls of pip. */
async function putPython(name: string, version: string, options: { venv: boolean } = { venv: true }) {
  const venv = options.venv
    ? `mkdir -p "$3/bin" && cp "$0" "$3/bin/python"`
    : 'echo "ensurepip is not available"; exit 1';
  const script = `#!/bin/sh
if [ "$1" = -c ]; then echo ${version}; exit 0; fi
if [ "$2" = venv ]; then ${venv}; exit $?; fi
echo "$@" >> ${join(folder, 'pip.log')}
echo "PIP_USER=$PIP_USER PYTHONHOME=$PYTHONHOME PYTHONPATH=$PYTHONPATH PIP_TARGET=$PIP_TARGET index=$PIP_INDEX_URL" >> ${join(folder, 'environment.log')}
`;
  await putProgram(name, script);
}

/** An npm that takes some time, records its calls, and installs the Node of the scripts for some commands. */
async function putNpm(options: { installsNodeAt: string; code?: number }) {
  const node = join(folder, 'node_modules/node/bin');
  const script = `#!/bin/sh
sleep 1
echo "$@" >> ${join(folder, 'npm.log')}
if [ "$1" = ${options.installsNodeAt} ]; then mkdir -p ${node}; : > ${node}/node; fi
exit ${options.code ?? 0}
`;
  await putProgram('npm', script);
}

async function putProgram(name: string, script: string) {
  await writeFile(join(bin, name), script);
  await chmod(join(bin, name), 0o755);
}

/** The commands that npm was asked for. */
const asked = async () =>
  (await readFile(join(folder, 'npm.log'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0]);

/** As a fresh clone is. */
const removePackages = () => rm(join(folder, 'node_modules'), { recursive: true });

function install(more: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(folder, 'local/install.mjs')],
      { env: { PATH: bin, ...more } },
      (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      },
    );
  });
}

describe('the installer', () => {
  it('the installer reports what it needs if there is no Python', async () => {
    expect(await install()).toEqual({
      code: 1,
      out: '',
      err: expect.stringContaining('needs Python 3.10 or newer; no python3 is on the PATH'),
    });
  });

  it('the installer reports which Python it found if that is too old', async () => {
    await putPython('python3', '3.9.18');
    expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining('python3 is 3.9.18') });
  });

  it('the installer names the missing package if venv does not work, and tries again the next time', async () => {
    await putPython('python3', '3.12.1', { venv: false });
    expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining('apt install python3-venv') });
    await putPython('python3', '3.12.1');
    expect((await install()).code).toBe(0);
  });

  it('the installer uses a newer Python although an older python3 comes first, installs once, and then prints nothing', async () => {
    await putPython('python3', '3.9.18');
    await putPython('python3.12', '3.12.1');
    const first = await install();
    expect(first).toMatchObject({ code: 0, err: '', out: expect.stringContaining('(Python 3.12.1)') });
    expect(await readFile(join(folder, 'pip.log'), 'utf8')).toContain('pip install');
    expect(await install()).toEqual({ code: 0, out: '', err: '' });
  });

  it('the installer removes variables that change where Python installs, and keeps those that name a registry', async () => {
    await putPython('python3', '3.12.1');
    const odd = { PIP_USER: '1', PYTHONHOME: '/nowhere', PYTHONPATH: '/nowhere', PIP_TARGET: '/nowhere' };
    expect((await install({ ...odd, PIP_INDEX_URL: 'https://example.org/simple' })).code).toBe(0);
    expect(await readFile(join(folder, 'environment.log'), 'utf8')).toBe(
      'PIP_USER=0 PYTHONHOME= PYTHONPATH= PIP_TARGET= index=https://example.org/simple\n',
    );
  });

  it('the installer installs again when the requirements change', async () => {
    await putPython('python3', '3.12.1');
    await install();
    await writeFile(join(folder, 'local/embedded/requirements.txt'), 'ministack==9.9.9\n');
    expect((await install()).out).toContain('Installing the embedded AWS');
  });

  it('the installer puts the Node of the scripts in place if npm ignores install scripts', async () => {
    await putPython('python3', '3.12.1');
    await removePackages();
    await putNpm({ installsNodeAt: 'rebuild' });
    expect(await install()).toMatchObject({ code: 0, err: '' });
    expect(await asked()).toEqual(['ci', 'rebuild']);
    expect(await install()).toEqual({ code: 0, out: '', err: '' });
  });

  it('the installer repairs packages that have a valid stamp but no Node', async () => {
    await putPython('python3', '3.12.1');
    await rm(join(folder, 'node_modules/node'), { recursive: true });
    await putNpm({ installsNodeAt: 'ci' });
    expect(await install()).toMatchObject({ code: 0, err: '' });
    expect(await asked()).toEqual(['ci']);
  });

  it('the installer says what to do if npm does not install the Node, and writes no stamp', async () => {
    await putPython('python3', '3.12.1');
    await removePackages();
    await putNpm({ installsNodeAt: 'never' });
    for (let time = 0; time < 2; time++) {
      expect(await install()).toMatchObject({
        code: 1,
        err: expect.stringContaining('npm rebuild node --ignore-scripts=false'),
      });
    }
    expect(await asked()).toEqual(['ci', 'rebuild', 'ci', 'rebuild']);
  });

  it('the installer writes no stamp if npm could not install all packages', async () => {
    await putPython('python3', '3.12.1');
    await removePackages();
    await putNpm({ installsNodeAt: 'ci', code: 1 });
    expect(await install()).toMatchObject({ code: 1, err: expect.stringContaining('npm could not install') });
    await putNpm({ installsNodeAt: 'ci' });
    expect(await install()).toMatchObject({ code: 0 });
    expect(await asked()).toEqual(['ci', 'ci']);
  });

  it('the installer installs once if three start at the same time', async () => {
    await putPython('python3', '3.12.1');
    await removePackages();
    await putNpm({ installsNodeAt: 'ci' });
    const all = await Promise.all([install(), install(), install()]);
    expect(all.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    expect(await asked()).toEqual(['ci']);
    expect((await readFile(join(folder, 'pip.log'), 'utf8')).match(/pip install/g)).toHaveLength(1);
  });

  it('the installer takes over from an installer whose process has ended', async () => {
    await putPython('python3', '3.12.1');
    const { pid = 0 } = spawnSync(process.execPath, ['-e', '']);
    await mkdir(join(folder, '.sluice'));
    await writeFile(join(folder, '.sluice/installing'), String(pid));
    expect(await install()).toMatchObject({ code: 0, err: '' });
    expect(await readdir(join(folder, '.sluice'))).toEqual(['venv']);
  });
});
