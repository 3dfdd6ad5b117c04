import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { RunLooker } from '#cli/follow/run-looker.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { failureRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();

it('an item stays under way, with its bytes, between the end of its upload and its record', async () => {
  const store = await aws.store();
  const runId = 'looks';
  const item = sourceNamed('big.bin', null);
  const plan = await writePlan(store, runId, [item, sourceNamed('later.bin', null)]);
  const looker = new RunLooker(store, { ...plan, bucket: store.bucket });
  const of = { Bucket: store.bucket, Key: item.key };
  const { UploadId = '' } = await store.client.send(new CreateMultipartUploadCommand(of));
  await writeJson(store, runKeys(runId).upload(UploadId), {
    v: 1,
    bucket: store.bucket,
    key: item.key,
    uploadId: UploadId,
  });
  await store.client.send(new UploadPartCommand({ ...of, UploadId, PartNumber: 1, Body: Buffer.alloc(1_000) }));
  expect(await looker.look()).toMatchObject({ items: 2, done: 0, failed: 0, underWay: 1, notStarted: 1, bytes: 1_000 });

  await store.client.send(new AbortMultipartUploadCommand({ ...of, UploadId }));
  expect(await looker.look()).toMatchObject({ done: 0, failed: 0, underWay: 1, notStarted: 1, bytes: 1_000 });

  await record(store, 'failures', failureRecord(runId, item));
  const { newFailures, ...look } = await looker.look();
  expect(look).toMatchObject({ done: 0, failed: 1, underWay: 0, notStarted: 1, bytes: 0, transfers: [] });
  expect(newFailures.map(({ problem }) => problem.code)).toEqual(['processor-failed']);
});
