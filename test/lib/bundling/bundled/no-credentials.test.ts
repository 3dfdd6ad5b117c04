// @module-tag heavy
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromIni, fromProcess, fromSSO, fromTokenFile } from '#lib/bundling/bundled/no-credentials.ts';
import { ESM_BUNDLE } from '#lib/bundling/esm-bundle.ts';
import { temporaryFolder } from '#lib/bundling/temporary-folder.ts';
import { WORKER_ALIASES } from '#lib/bundling/worker-bundle.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const file = join(temporaryFolder('sluice-credentials'), 'credentials.mjs');
let ecs: Web;

beforeAll(async () => {
  ecs = await startWeb((_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"AccessKeyId":"of-the-task","SecretAccessKey":"s","Token":"t","Expiration":"2036-01-01T00:00:00Z"}'),
  );
  buildSync({
    ...ESM_BUNDLE,
    alias: WORKER_ALIASES,
    outfile: file,
    stdin: {
      contents: `import { S3Client } from '@aws-sdk/client-s3';
        const found = await new S3Client({ region: 'eu-central-1' }).config.credentials().catch((error) => error.message);
        console.log(JSON.stringify(found.accessKeyId ?? found));`,
      resolveDir: import.meta.dirname,
    },
    logLevel: 'error',
  });
});
afterAll(() => ecs?.stop());

/** Which credentials a client of the SDK finds in a bundle like the worker's. */
async function found(env: NodeJS.ProcessEnv): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { HOME: '/nowhere', ...env } });
  return JSON.parse(stdout);
}

it("a worker gets its task's credentials from ECS", async () => {
  expect(await found({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${ecs.url}/role` })).toBe('of-the-task');
});

it('a worker gets credentials from its environment first', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'of-the-environment', AWS_SECRET_ACCESS_KEY: 's' };
  expect(await found({ ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${ecs.url}/role` })).toBe('of-the-environment');
});

it.each([fromIni, fromProcess, fromSSO, fromTokenFile])(
  'a provider that is left out lets the SDK ask the next one',
  async (provider) => {
    await expect(provider()()).rejects.toMatchObject({ tryNextLink: true });
  },
);
