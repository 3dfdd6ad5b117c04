import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeShellFile, writeShellFile } from '#local/shell-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-shell-'));
  file = join(folder, 'local-aws.env');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const awsAt = (endpoint: string) => ({ env: { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'own' } });

/** The variables of a program that a shell starts after it has read the file. */
function variables(before: Record<string, string>): Record<string, string> {
  const out = execFileSync('/bin/sh', ['-euc', '. "$0"; env', file], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', ...before },
  });
  return Object.fromEntries(out.split('\n').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
}

it("the shell file replaces the person's keys and endpoint, and removes profile and session", async () => {
  await writeShellFile(awsAt('http://127.0.0.1:1'), { SLUICE_LOCAL_WORKERS: 'true' }, file);
  const found = variables({ AWS_ACCESS_KEY_ID: 'person', AWS_PROFILE: 'work', AWS_SESSION_TOKEN: 'session' });
  expect(found).toMatchObject({
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'own',
    SLUICE_LOCAL_WORKERS: 'true',
  });
  expect(found).not.toHaveProperty('AWS_PROFILE');
  expect(found).not.toHaveProperty('AWS_SESSION_TOKEN');
});

it('the shell file excepts the loopback interface from a proxy, next to the exceptions of the person', async () => {
  await writeShellFile(awsAt('http://127.0.0.1:1'), {}, file);
  expect(variables({ NO_PROXY: 'example.org' }).NO_PROXY).toBe('127.0.0.1,localhost,example.org');
  expect(variables({}).no_proxy).toBe('127.0.0.1,localhost');
});

it('only its owner can read the shell file, because it has keys', async () => {
  await writeShellFile(awsAt('http://127.0.0.1:1'), {}, file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('an embedded AWS that ends does not remove the shell file of another that started later', async () => {
  await writeShellFile(awsAt('http://127.0.0.1:1'), {}, file);
  await writeShellFile(awsAt('http://127.0.0.1:2'), {}, file);
  await removeShellFile(awsAt('http://127.0.0.1:1'), file);
  expect(existsSync(file)).toBe(true);
  await removeShellFile(awsAt('http://127.0.0.1:2'), file);
  expect(existsSync(file)).toBe(false);
});
