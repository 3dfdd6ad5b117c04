import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { lookAtGate } from '#lambdas/gatekeeper/gate.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import { fetchMessageOf, messageOf } from '#run/fleet/message-of.ts';
import { countWorkers } from '#run/fleet/workers.ts';
import { runKeys } from '#run/keys.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { record, recordResult } from '#run/ledger/ledger.ts';
import { failureSchema } from '#run/ledger/records.ts';
import { readJson, writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { newGate } from '#test/helpers/gate.ts';
import { failureRecord, landedRecord, resultRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();

describe('lookAtGate', () => {
  it('lookAtGate throws the progress while work is missing, and starts the workers that the work needs', async () => {
    const gate = await newGate(aws);
    const items = ['a', 'b', 'c', 'd', 'e'].map((key) => sourceNamed(key));
    const [a, b] = items as [(typeof items)[0], (typeof items)[0]];
    await writePlan(gate.store, 'r', items);
    await recordResult(gate.store, resultRecord('r', a));
    await record(gate.store, 'failures', failureRecord('r', b));

    const look = lookAtGate(gate, 'r');
    await expect(look).rejects.toMatchObject({
      name: 'NotReadyError',
      message: '1 of 5 done, 1 failed, 3 to go (0 queued, 0 in flight, 2 workers)',
    });
    expect(await countWorkers(gate.fleet)).toBe(2);
    await expect(lookAtGate(gate, 'r')).rejects.toThrow('2 workers');
    expect(await countWorkers(gate.fleet)).toBe(2);
    const kept = await readJson(gate.store, runKeys('r').gate, gateRecordSchema);
    expect(kept?.samples).toMatchObject([{ done: 1, failed: 1, missing: 3, workers: 2 }, { workers: 2 }]);
  });

  it('the gate opens as soon as every item is settled, by any kind of record', async () => {
    const gate = await newGate(aws);
    const [a, b, c] = [sourceNamed('a'), sourceNamed('b'), sourceNamed('c', null)] as const;
    await writePlan(gate.store, 'r', [a, b, c]);
    await recordResult(gate.store, resultRecord('r', a));
    await record(gate.store, 'failures', failureRecord('r', b));
    await record(gate.store, 'landed', landedRecord('r', c, gate.store.bucket));
    expect(await lookAtGate(gate, 'r')).toEqual({ forced: false, reason: null, done: 2, failed: 1, missing: 0 });
  });

  it('the gate does not count a landed object as a processed one', async () => {
    const gate = await newGate(aws);
    const item = sourceNamed('a');
    await writePlan(gate.store, 'r', [item]);
    await record(gate.store, 'landed', landedRecord('r', item, gate.store.bucket));
    await expect(lookAtGate(gate, 'r')).rejects.toThrow('0 of 1 done');
  });

  it('the gate opens when the time of the run is up', async () => {
    const gate = await newGate(aws, { now: new Date('2026-11-24T06:00:00Z') });
    await writePlan(gate.store, 'r', [sourceNamed('a')], { stopAt: '2026-11-24T06:00:00.000Z' });
    expect(await lookAtGate(gate, 'r')).toMatchObject({ forced: true, reason: 'limit', missing: 1 });
  });

  it('the gate opens at the deadline with the items that are done', async () => {
    const gate = await newGate(aws, { now: new Date('2026-11-24T06:00:00Z') });
    await writePlan(gate.store, 'r', [sourceNamed('a')], { deadline: '2026-11-24T06:00:00.000Z' });
    expect(await lookAtGate(gate, 'r')).toMatchObject({ forced: true, reason: 'deadline', missing: 1 });
  });

  it('the gatekeeper turns a dead letter of any run into a failure', async () => {
    const gate = await newGate(aws);
    const [mine, other] = [sourceNamed('a'), sourceNamed('b')] as const;
    await writePlan(gate.store, 'r', [mine]);
    await writePlan(gate.store, 'other', [other]);
    for (const [runId, item] of [
      ['r', mine],
      ['other', other],
    ] as const) {
      const message = messageOf(runId, item, { bucket: gate.store.bucket, bytes: 1 });
      await gate.deadLetters.client.send(
        new SendMessageCommand({ QueueUrl: gate.deadLetters.url, MessageBody: JSON.stringify(message) }),
      );
    }
    expect(await lookAtGate(gate, 'r')).toMatchObject({ forced: false, failed: 1, missing: 0 });
    expect(await lookAtGate(gate, 'other')).toMatchObject({ forced: false, failed: 1, missing: 0 });
  });

  it.each([
    ['a source that was to be landed', 'transfer'],
    ['an item that was to be processed', 'process'],
  ] as const)('the gatekeeper records the dead letter of %s as a failure of stage %s', async (_, stage) => {
    const gate = await newGate(aws);
    const item = sourceNamed('a');
    await writePlan(gate.store, 'r', [item]);
    const processing = messageOf('r', item, { bucket: gate.store.bucket, bytes: 1 });
    await send(gate.deadLetters, stage === 'transfer' ? fetchMessageOf('r', item) : processing);
    expect(await lookAtGate(gate, 'r')).toMatchObject({ failed: 1, missing: 0 });
    const failure = await readJson(gate.store, runKeys('r').record('failures', item.id), failureSchema);
    expect(failure).toMatchObject({ name: item.key, stage, problem: { error: 'DeadLetterError' } });
  });

  it('the gatekeeper sends the messages of items again only after the queue was empty for three minutes', async () => {
    const clock = { now: new Date('2026-11-24T01:00:00Z') };
    const gate = await newGate(aws, clock);
    const item = sourceNamed('a');
    await writePlan(gate.store, 'r', [item]);
    await record(gate.store, 'landed', landedRecord('r', item, gate.store.bucket));
    const received = async () => {
      const answer = await gate.queue.client.send(new ReceiveMessageCommand({ QueueUrl: gate.queue.url }));
      return answer.Messages?.map((message) => JSON.parse(message.Body ?? '').item) ?? [];
    };
    for (let look = 0; look < 4; look++) {
      await expect(lookAtGate(gate, 'r')).rejects.toThrow('0 of 1 done');
      clock.now = new Date(clock.now.getTime() + 59_000);
    }
    expect(await received()).toEqual([]);
    await expect(lookAtGate(gate, 'r')).rejects.toThrow('0 of 1 done');
    expect(await received()).toEqual([item.id]);
  });

  it('the gatekeeper sends messages again although a dead letter belongs to no item', async () => {
    const clock = { now: new Date('2026-11-24T01:00:00Z') };
    const gate = await newGate(aws, clock);
    const item = sourceNamed('a');
    await writePlan(gate.store, 'r', [item]);
    await record(gate.store, 'landed', landedRecord('r', item, gate.store.bucket));
    await send(gate.deadLetters, { of: 'somebody else' });
    for (let look = 0; look < 5; look++) {
      await expect(lookAtGate(gate, 'r')).rejects.toThrow('0 of 1 done');
      clock.now = new Date(clock.now.getTime() + 59_000);
    }
    expect(await itemsIn(gate.queue)).toEqual([item.id]);
  });

  it("lookAtGate sends messages again for items that no worker has begun, although another run's messages wait all the time", async () => {
    const clock = { now: new Date('2026-11-24T01:00:00Z') };
    const gate = await newGate(aws, clock);
    const [lost, begun, other] = [sourceNamed('a'), sourceNamed('b'), sourceNamed('c')] as const;
    await writePlan(gate.store, 'r', [lost, begun]);
    for (const item of [lost, begun]) await record(gate.store, 'landed', landedRecord('r', item, gate.store.bucket));
    await writeJson(gate.store, `${runKeys('r').attempts(begun.id)}process/1.json`, { v: 1 });
    await send(gate.queue, messageOf('other', other, { bucket: gate.store.bucket, bytes: 1 }));
    const looks = async (count: number) => {
      for (let look = 0; look < count; look++) {
        await expect(lookAtGate(gate, 'r')).rejects.toThrow('0 of 2 done');
        clock.now = new Date(clock.now.getTime() + 5 * 60_000);
      }
    };
    // Fifteen minutes are from the first look to the fourth.
    await looks(3);
    expect((await readJson(gate.store, runKeys('r').gate, gateRecordSchema))?.redispatches).toBe(0);
    await looks(1);
    expect((await readJson(gate.store, runKeys('r').gate, gateRecordSchema))?.redispatches).toBe(1);
    expect((await itemsIn(gate.queue)).sort()).toEqual([lost.id, other.id].sort());
  });
});

async function send({ client, url }: Queue, body: unknown): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(body) }));
}

async function itemsIn({ client, url }: Queue): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return found;
    found.push(...Messages.map(({ Body }) => JSON.parse(Body ?? '').item));
  }
}
