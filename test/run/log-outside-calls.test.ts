import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const aws = useEmbeddedAws();
const PROGRAM = fileURLToPath(new URL('calls-outside.ts', import.meta.url));
let web: Web;
beforeAll(async () => {
  web = await startWeb((request, response) => {
    response.writeHead(request.url?.startsWith('/none') ? 404 : 200).end('hello');
  });
});
afterAll(() => web.stop());

/** The lines of a program that asks S3, a source by the engine, and a page by undici. */
async function lines(level: string) {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, web.url], {
    env: { ...aws.childEnv(), POWERTOOLS_LOG_LEVEL: level },
    timeout: 180_000,
  });
  const written = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { stdout, calls: written.map((line) => JSON.parse(line)).filter(({ message }) => message === 'called') };
}

it('each call to another system is logged at debug level, with status and time, and without secrets', async () => {
  const { stdout, calls } = await lines('DEBUG');
  const about = (part: string) => calls.filter(({ url }) => url.includes(part));
  expect(about('/no-such-bucket')).toContainEqual(
    expect.objectContaining({ level: 'DEBUG', method: 'GET', status: 404, milliseconds: expect.any(Number) }),
  );
  expect(about('/file')).toContainEqual(
    expect.objectContaining({ method: 'GET', url: `${web.url}/file?token=redacted`, status: 200 }),
  );
  expect(about('/none')).toContainEqual(expect.objectContaining({ url: `${web.url}/none?key=redacted`, status: 404 }));
  expect(about('127.0.0.1:1/')).toContainEqual(expect.objectContaining({ error: expect.any(String) }));
  expect(stdout).not.toContain('s3cret');
  // In UTC, as RFC 3339 has it.
  for (const { timestamp } of calls) expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it('no call is logged at any other level', async () => {
  expect((await lines('INFO')).calls).toEqual([]);
});
