import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LOCAL_AWS_FILE } from '#cli/deployment/local-aws.ts';
import { endOfChild } from '../end-of-child.ts';
import { scriptOptions } from '../script-options.ts';
import { onTerminal, typed } from './on-terminal.ts';
import { startSlowSource } from './slow-source.ts';

/**
 * Records what the command line shows, into docs/terminal/: `npm run docs:terminal`. It deploys on an embedded AWS,
 * runs real commands on terminals, and takes some five minutes. It needs util-linux's `script`, and no other
 * `npm start -- --keep`.
 */

const FOLDER = fileURLToPath(new URL('../../docs/terminal/', import.meta.url));
const START = fileURLToPath(new URL('../start.ts', import.meta.url));
const START_SECONDS = 300;
const STOP_SECONDS = 60;
const BYTES_PER_SECOND = 3_000_000;

/** The environment of a machine that nobody has set up: no region, no credentials, no configuration. */
const BARE = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  TERM: 'xterm',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
};
const REGION = { ...BARE, AWS_REGION: 'eu-west-1' };

const COMMANDS =
  'run watch runs status report items get logs retry cancel stop backfill open doctor validate copy probe wlm smoke completion'.split(
    ' ',
  );

/** Writes one page: commands, what the terminal showed, and the exit codes. */
async function page(name: string, about: string, parts: readonly string[]): Promise<void> {
  await writeFile(join(FOLDER, `${name}.txt`), `${[`# ${about}`, ...parts].join('\n\n')}\n`);
  console.log(`${name}.txt`);
}

async function recorded(args: readonly string[], env: NodeJS.ProcessEnv = BARE, columns = 100): Promise<string> {
  const { text, code } = await onTerminal(args, { columns, env });
  return [typed(args), text, `[exit code ${code}]`].filter((part) => part !== '').join('\n');
}

async function each(list: readonly (readonly string[])[], env: NodeJS.ProcessEnv = BARE): Promise<string[]> {
  const parts: string[] = [];
  for (const args of list) parts.push(await recorded(args, env));
  return parts;
}

async function recordWithoutDeployment(folder: string): Promise<void> {
  const list = join(folder, 'list.txt');
  await writeFile(list, 'https://a.example/1\nfoo\nhttps://a.example/1\n');
  const input = join(folder, 'input.json');
  await writeFile(input, '{ "source": [], "sources": [{ "url": "ftp://a.example/x" }] }');
  await page(
    'help',
    'Each command with --help, 100 columns',
    await each([['--help'], ...COMMANDS.map((c) => [c, '--help'])]),
  );
  const url = 'https://a.example/1';
  const mistakes = await each([
    [],
    ['retrye'],
    ['run', '--nmae', 'night', url],
    ['report'],
    ['retry', 'night', 'day'],
    ['run', 'foo'],
    ['run', url, 'https://a.example/2', '--key', 'raw/1'],
    ['run', url, '--process', 'profil'],
    ['run', url, '--name', 'last night'],
    ['run', '--from', '/nonexistent/list.txt'],
    ['run', '--from', list],
    ['run', '--input', '/'],
    ['validate', input],
    ['runs', '--outcome', 'good'],
    ['runs', '--limit', 'many'],
    ['backfill', 'nightly', '--from', '2026-11-01'],
    ['copy', url, 'https://a.example/2'],
    ['copy', 'foo', 's3://Bucket/key', '--header', 'secret', '--expect-sha256', 'abc', '--connections', '0'],
    ['probe', 'a.example/1'],
    ['completion', 'tcsh'],
    ['runs'],
    ['runs', '--local'],
    ['run', 'foo', '--json'],
  ]);
  const unset = [
    `# without credentials\n${await recorded(['runs'], REGION)}`,
    `# with AWS_PROFILE=nope\n${await recorded(['runs'], { ...REGION, AWS_PROFILE: 'nope' })}`,
  ];
  const parts = [...mistakes, ...unset].map((text) => text.replaceAll(folder, '.'));
  await page('mistakes', 'Mistakes, the printed text, and the exit code, 100 columns', parts);
  await page('doctor-without-credentials', 'doctor on a machine that nobody has set up', [
    await recorded(['doctor'], BARE),
  ]);
}

async function recordWithDeployment(origin: string, mend: () => void): Promise<void> {
  const env = { ...BARE, HOME: process.env.HOME };
  const local = (...args: string[]) => recorded([...args, '--local'], env);
  await page('doctor-local', 'doctor on the local stack', [await local('doctor')]);

  const args = ['run', `${origin}/300MB.bin`, '--key', 'raw/300MB.bin', '--name', 'big', '--local'];
  const big = await onTerminal(args, { columns: 80, env, frameSeconds: 1 });
  const frames = big.frames.flatMap(({ seconds, text }, at) =>
    at < 3 || at % 5 === 0 ? [`--- after ${seconds.toFixed(1)} s\n${text}`] : [],
  );
  await page('run-300MB', 'A run of 300 MB on a terminal of 80 columns, as it looked at some moments', [
    typed(args),
    ...frames,
    `--- at the end\n${big.text}\n[exit code ${big.code}]`,
  ]);

  const steer = [
    await local('run', `${origin}/small.csv`, `${origin}/late.csv`, '--to', 'raw', '--name', 'night'),
    await local('items', 'night', '--failed'),
    await local('logs', 'night'),
    await local('logs', 'night', 'raw/late.csv'),
  ];
  mend();
  steer.push(
    '# The owner of the source has mended it.',
    await local('retry', 'night', '--item', 'raw/late.csv', '--name', 'night-again'),
    await local('retry', 'night', '--item', 'raw/small.csv'),
    await local('run', `${origin}/300MB.bin`, '--key', 'raw/stopped.bin', '--name', 'stopped', '--detach'),
  );
  // Long enough for its first parts, and too short for its end.
  await delay(5_000);
  steer.push(await local('status', 'stopped'), await local('report', 'stopped'), await local('cancel', 'stopped'));
  await delay(8_000);
  steer.push(
    await local('report', 'stopped'),
    await local('cancel', 'stopped'),
    await local('backfill', 'nightly', '--from', '2026-11-01', '--to', '2026-11-03', '--dry-run'),
    await local('backfill', 'nightly', '--from', '2026-11-01', '--to', '2026-11-03', '--at-once', '2'),
    await local('runs'),
    await local('runs', '--limit', '2', '--json'),
    await local('watch', 'nope'),
    await local('get', 'night', 'late.csv'),
  );
  await page('steer', 'Commands against the local stack, 100 columns', steer);
}

/** Starts `npm start -- --keep`, does the work, and stops the deployment. */
async function withDeployment(urls: readonly string[], work: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [START, '--keep', ...urls], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'close');
  try {
    for (let second = 0; !existsSync(LOCAL_AWS_FILE); second++) {
      if (second === START_SECONDS || child.exitCode !== null) throw new Error('the local deployment did not start');
      await delay(1_000);
    }
    await work();
  } finally {
    child.kill('SIGINT');
    await endOfChild(child, ended, STOP_SECONDS);
  }
}

scriptOptions({
  command: 'npm run docs:terminal --',
  about:
    'Records the output of the command line into docs/terminal/. It deploys on an embedded AWS and takes about five minutes.',
});
await mkdir(FOLDER, { recursive: true });
const scratch = await mkdtemp(join(tmpdir(), 'sluice-record-'));
const source = await startSlowSource(BYTES_PER_SECOND);
try {
  await recordWithoutDeployment(scratch);
  await withDeployment([`${source.origin}/300MB.bin`, `${source.origin}/small.csv`], () =>
    recordWithDeployment(source.origin, () => source.mend()),
  );
} finally {
  await source.stop();
  await rm(scratch, { recursive: true, force: true });
}
