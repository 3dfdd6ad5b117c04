import { globSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requestLimits } from '#run/aws-requests.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Takes connections and requests, and never answers. */
const silent = createServer((socket) => socket.on('error', () => undefined).resume());
let options = {};
beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 2,
  };
});
afterAll(() => silent.close());

it.each([
  ['SQS', () => new SQSClient({ ...requestLimits(0.2), ...options }).send(new GetQueueUrlCommand({ QueueName: 'a' }))],
  [
    'S3',
    () => new S3Client({ ...requestLimits(0.2), ...options }).send(new GetObjectCommand({ Bucket: 'a', Key: 'b' })),
  ],
])('a request to %s that is never answered fails at its limit', async (_, request) => {
  await expect(request()).rejects.toMatchObject({ name: 'TimeoutError', $metadata: { attempts: 2 } });
});

it('a request with a limit of two minutes waits for an answer that takes more than a minute', {
  tags: ['heavy'],
}, async () => {
  let asked = 0;
  const slow = createHttpServer((_, answer) => {
    asked++;
    setTimeout(() => answer.end('{"QueueUrl":"http://queue"}'), 70_000);
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const { port } = slow.address() as { port: number };
  const client = new SQSClient({ ...requestLimits(120), ...options, endpoint: `http://127.0.0.1:${port}` });
  const answer = await client.send(new GetQueueUrlCommand({ QueueName: 'a' }));
  slow.close();
  expect(answer.QueueUrl).toBe('http://queue');
  expect(asked).toBe(1);
});

it('every AWS client of a function or a worker has limits', () => {
  const made = globSync('{lambdas,run,worker,processors}/**/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(`${ROOT}${file}`, 'utf8').matchAll(/new \w+Client\((?<options>.*)/g)].map((match) => ({
      file,
      hasLimits: /requestLimits\(/.test(match.groups?.options ?? ''),
    })),
  );
  expect(made.length).toBeGreaterThan(10);
  expect(
    made
      .filter(({ hasLimits }) => !hasLimits)
      .map(({ file }) => file)
      .toSorted(),
  ).toEqual([
    // The gatekeeper's handler makes the limits and hands them over, because this client is loaded late.
    'lambdas/gatekeeper/checks/invoke.ts',
    // The bundle's own few requests, by `fetch` with a time limit.
    'worker/bootstrap.ts',
  ]);
  expect(readFileSync(`${ROOT}lambdas/gatekeeper/handler.ts`, 'utf8')).toContain('functionCaller(requestLimits(');
});
