import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { startWeb } from '#test/helpers/web.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** Prints the URL of each module that the process loads. */
const PRINT_MODULES = `
import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context); } });`;

/** The npm packages whose code a command loads. */
async function packagesOf(args: readonly string[], code: number, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const hook = `data:text/javascript,${encodeURIComponent(PRINT_MODULES)}`;
  const modules = await new Promise<string>((resolve) => {
    const given = { env: { PATH: process.env.PATH, ...env } };
    const child = execFile(process.execPath, ['--import', hook, MAIN, ...args], given, (_error, _out, err) => {
      expect([child.exitCode, err]).toEqual([code, expect.anything()]);
      resolve(err);
    });
  });
  const names = [...modules.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\/\S*$/gm)].map(([, name = '']) => name);
  return [...new Set(names)].sort();
}

const HEAVY = /^@aws|^@smithy|^undici$/;

it('sluice --help loads neither the AWS SDK nor undici nor zod', async () => {
  const packages = await packagesOf(['--help'], 0);
  expect(packages).toContain('commander');
  expect(packages.filter((name) => HEAVY.test(name) || name === 'zod')).toEqual([]);
});

it('sluice copy with keys in variables loads neither the AWS SDK nor undici', async () => {
  const web = await startWeb((request, response) => {
    if (request.method === 'GET') response.end('id,value\n');
    else response.writeHead(request.method === 'PUT' ? 403 : 404).end();
  });
  const home = await mkdtemp(join(tmpdir(), 'sluice-home-'));
  onTestFinished(async () => {
    await web.stop();
    await rm(home, { recursive: true, force: true });
  });
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' };
  const args = ['copy', `${web.url}/a`, 's3://bucket/a', '--endpoint', web.url];
  // S3 refuses it, so the command has come to its last call.
  const packages = await packagesOf(args, 1, { HOME: home, ...keys });
  expect(web.requests).toContain('PUT /bucket/a');
  expect(packages.filter((name) => HEAVY.test(name))).toEqual([]);
});
