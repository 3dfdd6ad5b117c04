import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { toRunEvent } from '#cli/follow/run-events.ts';
import { RunProgress } from '#cli/follow/run-progress.ts';

const timestamp = new Date('2026-11-24T12:00:00Z');
const event = (fields: Partial<HistoryEvent>): HistoryEvent => ({ id: 1, type: 'TaskFailed', timestamp, ...fields });
const notReady = event({
  taskFailedEventDetails: {
    resource: 'invoke',
    resourceType: 'lambda',
    error: 'NotReadyError',
    cause: JSON.stringify({ errorType: 'NotReadyError', errorMessage: '1 of 3 done, 0 failed, 2 to go', trace: [] }),
  },
});

describe('toRunEvent', () => {
  it('toRunEvent reads the gatekeeper’s progress from its error', () => {
    expect(toRunEvent(notReady)).toEqual({
      kind: 'not-ready',
      at: timestamp,
      message: '1 of 3 done, 0 failed, 2 to go',
    });
  });

  it('toRunEvent distinguishes other errors', () => {
    const details = {
      resource: 'invoke',
      resourceType: 'lambda',
      error: 'Lambda.TooManyRequestsException',
      cause: 'slow',
    };
    expect(toRunEvent(event({ taskFailedEventDetails: details }))).toMatchObject({
      kind: 'fault',
      error: 'Lambda.TooManyRequestsException',
      message: 'slow',
    });
  });

  it('toRunEvent finds the plan in the result of the Plan state', () => {
    const output = JSON.stringify({ runId: 'night', bucket: 'bucket', items: 3, batches: 3, work: 0, force: false });
    const exited = event({ type: 'TaskStateExited', stateExitedEventDetails: { name: 'Plan', output } });
    expect(toRunEvent(exited)).toMatchObject({
      kind: 'planned',
      plan: { runId: 'night', bucket: 'bucket', items: 3, batches: 3 },
    });
  });

  it.each([
    ['ExecutionSucceeded', {}, { status: 'SUCCEEDED' }],
    [
      'ExecutionFailed',
      { executionFailedEventDetails: { error: 'Late', cause: 'items were missing' } },
      { status: 'FAILED', error: 'Late', message: 'items were missing' },
    ],
    ['ExecutionAborted', { executionAbortedEventDetails: {} }, { status: 'ABORTED' }],
    ['ExecutionTimedOut', { executionTimedOutEventDetails: {} }, { status: 'TIMED_OUT' }],
  ] as const)('toRunEvent reports that an execution ended by %s', (type, details, expected) => {
    expect(toRunEvent(event({ type, ...details }))).toMatchObject({ kind: 'ended', ...expected });
  });

  it('toRunEvent returns nothing for an event that is not shown', () => {
    expect(toRunEvent(event({ type: 'TaskScheduled' }))).toBeUndefined();
  });
});

describe('RunProgress', () => {
  it("RunProgress is one line: the state, then the progress or the gatekeeper's message", () => {
    const progress = new RunProgress();
    const lines = [String(progress)];
    progress.add({ kind: 'state', at: timestamp, state: 'Ingest' });
    progress.add({ kind: 'planned', at: timestamp, plan: { runId: 'r', bucket: 'b', items: 3, batches: 3 } });
    lines.push(String(progress));
    progress.look = {
      at: timestamp,
      items: 3,
      done: 1,
      failed: 0,
      underWay: 1,
      notStarted: 1,
      bytes: 0,
      transfers: [],
      newFailures: [],
    };
    lines.push(String(progress));
    progress.add({ kind: 'state', at: timestamp, state: 'GatekeeperState' });
    progress.add({ kind: 'not-ready', at: timestamp, message: '1 of 3 done' });
    progress.add({ kind: 'not-ready', at: timestamp, message: '2 of 3 done' });
    lines.push(String(progress));
    progress.add({ kind: 'state', at: timestamp, state: 'LoadGatekeeperState' });
    lines.push(String(progress));
    progress.add({ kind: 'not-ready', at: timestamp, message: '0 of 1 tables loaded' });
    lines.push(String(progress));
    expect(lines).toEqual([
      'starting',
      'Ingest: 3 items',
      'Ingest: 1 done, 0 failed, 1 under way, 1 not started of 3 items',
      'GatekeeperState: 1 done, 0 failed, 1 under way, 1 not started of 3 items: gate, look 2: 2 of 3 done',
      'LoadGatekeeperState: 1 done, 0 failed, 1 under way, 1 not started of 3 items',
      'LoadGatekeeperState: 1 done, 0 failed, 1 under way, 1 not started of 3 items: loads, look 1: 0 of 1 tables loaded',
    ]);
  });
});
