/**
 * `node bench/gate-latency.ts --runs 20 --interval 2`: measures the time from a run's last record to its open gate, on
 * the embedded AWS. Each run is one piece of work that ends at a random time within an interval, so that the phase of
 * the gate is random too.
 */

import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { scriptOptions } from '#local/script-options.ts';
import { runKeys } from '#run/keys.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { resultSchema } from '#run/ledger/records.ts';
import { readJson } from '#run/store.ts';
import { startDeployedAws } from '#test/helpers/embedded-aws.ts';
import { recordedItems } from '#test/helpers/run.ts';
import { startWeb } from '#test/helpers/web.ts';

const { values } = scriptOptions({
  command: 'node bench/gate-latency.ts',
  about: 'Measures the time from the last record of a run to its open gate.',
  options: {
    runs: { type: 'string', takes: 'NUMBER', default: '20', what: 'the number of runs' },
    interval: { type: 'string', takes: 'NUMBER', default: '2', what: 'seconds between two looks of the gate' },
  },
});
const intervalSeconds = Number(values.interval);

await using disposer = new AsyncDisposableStack();
const web = await startWeb((request, response) => {
  if (request.url === '/robots.txt') return void response.writeHead(404).end();
  const milliseconds = (1 + Math.random()) * intervalSeconds * 1_000;
  setTimeout(() => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>page</title>'), milliseconds);
});
disposer.defer(() => web.stop());
const aws = await startDeployedAws({
  'gate.intervalSeconds': intervalSeconds,
  'gate.attempts': 200,
  'gate.mayEndBeforeItems': true,
  'workers.idleSeconds': 60,
});
disposer.defer(() => aws.stop());
const sfn = new SFNClient(aws.client);
const store = { client: new S3Client(aws.client), bucket: aws.outputs.BucketName };

const latencies: number[] = [];
for (let run = 0; run < Number(values.runs); run++) {
  const runId = `latency-${run}`;
  const input = {
    work: [{ processor: 'scrape', name: 'page', input: { url: `${web.url}/${run}` }, options: { delaySeconds: 0 } }],
  };
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: aws.outputs.StateMachineArn,
      name: runId,
      input: JSON.stringify(input),
    }),
  );
  while ((await sfn.send(new DescribeExecutionCommand({ executionArn }))).status === 'RUNNING') await sleep(200);
  const [item = ''] = await recordedItems(store, runId, 'results');
  const Key = runKeys(runId).record('results', item);
  const record = await readJson(store, Key, resultSchema);
  const gate = await readJson(store, runKeys(runId).gate, gateRecordSchema);
  const opened = Date.parse(gate?.samples.at(-1)?.at ?? '');
  latencies.push((opened - Date.parse(record?.at ?? '')) / 1_000);
}
latencies.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    runs: latencies.length,
    intervalSeconds,
    medianSeconds: latencies[Math.floor(latencies.length / 2)],
    worstSeconds: latencies.at(-1),
    load: loadavg(),
  }),
);
