// @module-tag heavy

import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookAtGate } from '#lambdas/gatekeeper/gate.ts';
import { NotReadyError } from '#run/errors.ts';
import { record, recordResult } from '#run/ledger/ledger.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { newGate } from '#test/helpers/gate.ts';
import { failureRecord, landedRecord, profile, resultRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();

/**
 * Everything that can happen to an item, in any order and any number of times; `other` is another run's item of the
 * same name.
 */
const event = fc.record({
  what: fc.constantFrom('land', 'result', 'failure', 'dead letter', 'look', 'minute'),
  item: fc.nat({ max: 3 }),
  other: fc.boolean(),
});

/**
 * What must be true, computed without a ledger: an item is done, failed or missing according to what happened to it.
 */
class Model {
  readonly landed = new Set<number>();
  readonly results = new Set<number>();
  readonly failures = new Set<number>();
  readonly processed: readonly boolean[];

  constructor(processed: readonly boolean[]) {
    this.processed = processed;
  }

  counts() {
    const items = [...this.processed.keys()];
    const isDone = (item: number) => this.results.has(item) || (this.landed.has(item) && !this.processed[item]);
    const done = items.filter(isDone).length;
    const failed = items.filter((item) => this.failures.has(item) && !isDone(item)).length;
    return { done, failed, missing: items.length - done - failed };
  }
}

describe('the gate', () => {
  it('the gate opens exactly when every item is settled, and counts each item once, in any order of events', async () => {
    const clock = { now: new Date('2026-11-24T01:00:00Z') };
    const gate = await newGate(aws, clock);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        fc.array(event, { maxLength: 25 }),
        async (processed, events) => {
          const runs = { mine: `run-${number}`, other: `other-${number++}` };
          await gate.queue.client.send(new PurgeQueueCommand({ QueueUrl: gate.queue.url }));
          const items = processed.map((one, index) => sourceNamed(`${index}`, one ? profile : null));
          for (const runId of Object.values(runs)) await writePlan(gate.store, runId, items);
          const models = { mine: new Model(processed), other: new Model(processed) };

          const look = async () => {
            const expected = models.mine.counts();
            const outcome = await lookAtGate(gate, runs.mine).catch((error: unknown) => error);
            if (expected.missing === 0) {
              expect(outcome).toEqual({ forced: false, reason: null, ...expected });
            } else {
              expect(outcome).toBeInstanceOf(NotReadyError);
              const { done, failed, missing } = expected;
              const progress = `${done} of ${items.length} done, ${failed} failed, ${missing} to go`;
              expect((outcome as Error).message).toContain(progress);
            }
          };
          for (const { what, item: index, other } of events) {
            const item = items[index];
            if (what === 'minute') clock.now = new Date(clock.now.getTime() + 60_000);
            if (what === 'look') await look();
            if (item === undefined || what === 'minute' || what === 'look') continue;
            const whose = other ? 'other' : 'mine';
            const runId = runs[whose];
            const model = models[whose];
            if (what === 'land') {
              model.landed.add(index);
              await record(gate.store, 'landed', landedRecord(runId, item, gate.store.bucket));
            }
            if (what === 'result') {
              model.results.add(index);
              await recordResult(gate.store, resultRecord(runId, item));
            }
            if (what === 'failure') {
              model.failures.add(index);
              await record(gate.store, 'failures', failureRecord(runId, item));
            }
            if (what === 'dead letter') {
              // The next look of any run makes a failure of it, so there is a look before it is counted.
              model.failures.add(index);
              const message = { v: 1, runId, item: item.id, name: 'x', process: profile };
              await gate.deadLetters.client.send(
                new SendMessageCommand({ QueueUrl: gate.deadLetters.url, MessageBody: JSON.stringify(message) }),
              );
            }
          }
          await look();
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);
});
