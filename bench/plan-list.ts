/**
 * Plans a run of a generated list, in a process of its own with a 512 MB Lambda's heap:
 * `node bench/plan-list.ts [lines]`. Prints the seconds and the peak resident memory of that process.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { readInput } from '#lambdas/plan/input.ts';
import { planRun } from '#lambdas/plan/plan.ts';
import { scriptOptions } from '#local/script-options.ts';
import { PUBLIC_INTERNET } from '#net/guard/source-guard.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';
import { gateSchema } from '#run/settings/gate.ts';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { startS3Server } from '#test/helpers/s3-server.ts';

const {
  positionals: [linesText = '1000000', endpoint, bucket],
} = scriptOptions({
  command: 'node bench/plan-list.ts',
  about: 'Plans a run of a generated list, by default of a million lines, with the heap of a 512 MB Lambda.',
  positionals: '[LINES]',
});
await (endpoint === undefined || bucket === undefined ? measure(Number(linesText)) : plan(endpoint, bucket));

async function measure(lines: number): Promise<void> {
  await using s3 = await startS3Server();
  const name = await createBucket(s3.client);
  const list = Readable.from(urls(lines), { objectMode: false });
  await new Upload({ client: s3.client, params: { Bucket: name, Key: 'lists/urls.txt', Body: list } }).done();
  const { accessKeyId, secretAccessKey } = await s3.client.config.credentials();
  const child = fork(import.meta.filename, [String(lines), s3.endpoint, name], {
    execArgv: ['--max-old-space-size=400'],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: 'us-east-1',
    },
  });
  await once(child, 'exit');
}

function* urls(lines: number): Generator<string> {
  for (let line = 0; line < lines; line++) yield `https://example.org/data/${line}.csv\n`;
}

async function plan(endpoint: string, bucket: string): Promise<void> {
  const client = new S3Client({ endpoint, forcePathStyle: true });
  const claim = { v: 1 as const, runId: 'list', executionArn: 'arn:list', startedAt: new Date().toISOString() };
  const rules = {
    runId: 'list',
    defaultInput: undefined,
    gate: gateSchema.parse({}),
    processors: PROCESSOR_NAMES,
  };
  const input = readInput({ sourcesFrom: { key: 'lists/urls.txt' }, process: 'profile' }, rules);
  const began = performance.now();
  const summary = await planRun(
    { client, bucket },
    {
      input,
      sourceGuard: PUBLIC_INTERNET,
      claim,
      processors: PROCESSOR_NAMES,
      sourcesPerBatch: 50,
      limits: { items: 10_000_000, hours: undefined },
      hasWarehouse: false,
      hasEnded: async () => false,
    },
  );
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  const peakMiB = peakMemoryMiB();
  console.log(`${summary.items} items in ${summary.batches} batches: ${seconds} s, peak ${peakMiB} MiB`);
}
