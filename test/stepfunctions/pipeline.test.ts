import aslValidator from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { TRANSFER_ERRORS } from '#stepfunctions/ingest.ts';
import {
  allStates,
  type Definition,
  definitionOf,
  definitionWith,
  type State,
  synthesise,
} from '#test/lib/synthesise.ts';
import { BeginAgainError, PermanentTransferError } from '#transfer/index.ts';

const definition = definitionOf(synthesise());
const states = allStates(definition);
const state = (name: string): State => {
  const found = states[name];
  if (found === undefined) throw new Error(`there is no state ${name}`);
  return found;
};
const tasks = Object.entries(states).filter(([, { Type }]) => Type === 'Task');
const maps = Object.entries(states).filter(([, { Type }]) => Type === 'Map');

describe('the state machine with a warehouse', () => {
  const redshift = {
    'redshift.workgroup': 'arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/one',
    'redshift.copyRole': 'default',
    'redshift.intervalSeconds': '20',
    'redshift.attempts': '90',
  };
  const loading = definitionOf(synthesise(redshift));
  const ofLoading = allStates(loading);

  it('a state machine with a warehouse loads between the pieces of the end and the manifest, with a second gatekeeper loop', () => {
    const { isValid, errorsText } = aslValidator(loading);
    expect(isValid, errorsText()).toBe(true);
    expect(ofLoading.ItemsState).toMatchObject({ Next: 'LoadChoice' });
    expect(ofLoading.LoadChoice).toMatchObject({
      Choices: [
        { Variable: '$.end.loads', NumericGreaterThan: 0, Next: 'LoadState' },
        { Variable: '$.end.loadsToCancel', NumericGreaterThan: 0, Next: 'CancelLoadsState' },
      ],
      Default: 'DoneState',
    });
    expect(ofLoading.LoadState).toMatchObject({
      Result: false,
      ResultPath: '$.loadForce',
      Next: 'LoadGatekeeperState',
    });
    expect(ofLoading.LoadGatekeeperState).toMatchObject({
      Next: 'DoneState',
      ResultPath: '$.loaded',
      Retry: [
        { ErrorEquals: ['NotReadyError'], IntervalSeconds: 20, MaxAttempts: 90, BackoffRate: 1 },
        {
          ErrorEquals: expect.arrayContaining(['RunReopenedError', 'LoadFailedError', 'LoadCancelledError']),
          MaxAttempts: 0,
        },
        ...Array.from({ length: 3 }, () => expect.anything()),
      ],
      Catch: [
        { ErrorEquals: ['NotReadyError'], Next: 'ForceLoadGatekeeperState', ResultPath: '$.loadLate' },
        { ErrorEquals: ['RunReopenedError'], Next: 'CloseState', ResultPath: null },
        { ErrorEquals: ['States.ALL'], Next: 'LoadBroke', ResultPath: '$.error' },
      ],
    });
    expect(ofLoading.ForceLoadGatekeeperState).toMatchObject({
      ResultPath: '$.loadForce',
      Next: 'LoadGatekeeperState',
    });
    expect(ofLoading.LoadBroke).toMatchObject({ Next: 'CloseBroken' });
  });

  it('the state machine cancels the loads that a broken or stopped execution has left, and writes the manifest even if the cancel fails', () => {
    const closing = definitionWith(synthesise(redshift), 'AnythingToClose');
    const { isValid, errorsText } = aslValidator(closing);
    expect(isValid, errorsText()).toBe(true);
    const ofClosing = allStates(closing);
    expect(ofClosing.LoadChoice).toMatchObject({
      Choices: [{ Variable: '$.end.loadsToCancel', NumericGreaterThan: 0, Next: 'CancelLoadsState' }],
      Default: 'DoneState',
    });
    for (const cancel of [ofLoading.CancelLoadsState, ofClosing.CancelLoadsState]) {
      expect(cancel).toMatchObject({
        Parameters: { 'runId.$': '$.end.runId', hasEnded: true },
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'DoneState', ResultPath: null }],
        Next: 'DoneState',
        ResultPath: null,
      });
      // The Data API shows a statement only to the session of the function that submitted it.
      expect(cancel?.Resource).toEqual(ofLoading.LoadGatekeeperState?.Resource);
    }
  });

  it('a state machine without a warehouse has no state that loads', () => {
    expect(Object.keys(states).filter((name) => /load/i.test(name))).toEqual([]);
    expect(JSON.stringify(synthesise().toJSON())).not.toMatch(/redshift/i);
  });
});

describe('the state machine', () => {
  it('the state machine is valid in the Amazon States Language', () => {
    const { isValid, errorsText } = aslValidator(definition);
    expect(isValid, errorsText()).toBe(true);
  });

  it('the state machine has the states of the design, in its order', () => {
    const path: string[] = [];
    for (let at: string | undefined = definition.StartAt; at !== undefined && !path.includes(at); at = next(at))
      path.push(at);
    expect(path).toEqual([
      'Plan',
      'WorkChoice',
      'Ingest',
      'Reconcile',
      'GatekeeperState',
      'CloseState',
      'ItemsState',
      'DoneState',
      'EndedInOrder',
      // Without a choice that holds it is the way of an execution that broke.
      'BrokenState',
      'GoOn',
    ]);
    expect(state('EndedInOrder').Choices).toEqual([
      { Variable: '$.outcome.broken', BooleanEquals: false, Next: 'SweepState' },
      { Variable: '$.error', IsPresent: false, Next: 'ClosedMeanwhile' },
    ]);
    expect(state('SweepState')).toMatchObject({ Next: 'OutcomeChoice', ResultPath: null });
    expect(state('OutcomeChoice').Default).toBe('Succeed');
    expect(state('WorkChoice').Choices).toEqual([
      { Variable: '$.work', NumericGreaterThan: 0, Next: 'StartWorkers' },
      { Variable: '$.batches', NumericEquals: 0, Next: 'Reconcile' },
    ]);
    expect(state('StartWorkers')).toMatchObject({ Next: 'Ingest', ResultPath: null });
    expect(state('OutcomeChoice').Choices).toEqual([
      { Variable: '$.outcome.outcome', StringEquals: 'failed', Next: 'Failed' },
      { Variable: '$.outcome.outcome', StringEquals: 'late', Next: 'Late' },
    ]);
  });

  it("the state machine passes its own identity to Plan, and continues with Plan's answer", () => {
    expect(state('Plan').Parameters).toEqual({
      'input.$': '$',
      'runId.$': '$$.Execution.Name',
      'executionArn.$': '$$.Execution.Id',
      'startedAt.$': '$$.Execution.StartTime',
    });
    expect(state('Plan')).not.toHaveProperty('ResultPath');
  });

  it('the state machine fails with the names Late and Failed, and names the manifest', () => {
    for (const name of ['Late', 'Failed']) {
      expect(state(name)).toMatchObject({
        Type: 'Fail',
        Error: name,
        CausePath: expect.stringContaining('$.outcome.manifest'),
      });
    }
  });

  it('neither StartWorkers nor EnsureWorkers can end a run', () => {
    for (const name of ['StartWorkers', 'EnsureWorkers', 'EnsureWorkersAfterClose']) {
      expect(state(name).Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: state(name).Next }]);
    }
  });

  it('every task retries throttles, transient faults and all other errors, with jitter and separate counts', () => {
    expect(tasks).toHaveLength(16);
    for (const [name, { Retry = [] }] of tasks) {
      const position = (error: string) => Retry.findIndex(({ ErrorEquals }) => ErrorEquals.includes(error));
      expect(Retry[position('Lambda.TooManyRequestsException')], name).toMatchObject({
        ErrorEquals: ['Lambda.TooManyRequestsException'],
        JitterStrategy: 'FULL',
      });
      expect(Retry[position('Lambda.ServiceException')], name).toMatchObject({
        JitterStrategy: 'FULL',
        MaxDelaySeconds: 60,
      });
      const all = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
      expect(all).not.toContain('States.ALL');
      expect(new Set(all).size, name).toBe(all.length);
      // They throw on purpose, and best effort.
      if (name === 'BrokenState' || name === 'SweepState') continue;
      expect(Retry.at(-1), name).toMatchObject({ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2 });
      // Errors that the next try would meet again come first: the last retrier takes whatever is left.
      for (const error of [
        'InvalidInputError',
        'AlreadyClaimedError',
        'UnreadableRecordError',
        'ZodError',
        'TypeError',
      ]) {
        expect(Retry[position(error)], `${name}: ${error}`).toMatchObject({ MaxAttempts: 0 });
      }
      for (const error of ['Runtime.ExitError', 'Runtime.OutOfMemory', 'Sandbox.Timedout']) {
        expect(Retry[position(error)]?.MaxAttempts, `${name}: ${error}`).toBe(5);
      }
    }
  });

  it('no error of the engine that Abandon handles is retried', async () => {
    const engine: Record<string, unknown> = {
      ...(await import('#transfer/index.ts')),
      ...(await import('#run/limits/run-limits.ts')),
    };
    const kinds = [PermanentTransferError, BeginAgainError];
    const names = Object.entries(engine)
      .filter(([, value]) => typeof value === 'function' && kinds.some((kind) => value.prototype instanceof kind))
      .map(([name]) => name);
    expect(names.length).toBeGreaterThan(8);
    expect(TRANSFER_ERRORS).toEqual(expect.arrayContaining(names));
    for (const name of ['Slice', 'Close']) {
      expect(state(name).Retry?.[0]?.ErrorEquals, name).toEqual(expect.arrayContaining([...TRANSFER_ERRORS]));
    }
  });

  it('every task has a time limit of its own', () => {
    for (const [name, task] of tasks) expect(task.TimeoutSeconds, name).toBe(960);
  });
});

describe('Ingest', () => {
  it("Ingest reads the plan's lines and gives each child its batch", () => {
    expect(state('Ingest')).toMatchObject({
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Parameters: { 'Key.$': '$.plan' },
      },
      ItemSelector: { 'runId.$': '$.runId', 'batch.$': '$$.Map.Item.Value.batch', call: 1 },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
    });
  });

  it('Ingest continues even if all its children fail, and keeps no result', () => {
    expect(state('Ingest')).toMatchObject({ ToleratedFailurePercentage: 100, ResultPath: null });
  });

  it('Ingest writes no results, because no state reads them, and reads the plan again if it could not be read', () => {
    expect(state('Ingest')).not.toHaveProperty('ResultWriter');
    expect(state('Ingest').Retry).toMatchObject([{ ErrorEquals: ['States.ItemReaderFailed'], JitterStrategy: 'FULL' }]);
  });

  it("every Map of Ingest has a limit, and only slices add to the children's concurrency", () => {
    expect(Object.fromEntries(maps.map(([name, map]) => [name, map.MaxConcurrency]))).toEqual({
      Ingest: 4,
      Large: 1,
      Slices: 2,
      ItemsState: 8,
    });
    const changed = allStates(
      definitionOf(synthesise({ 'ingest.children': 30, 'ingest.slicesAtOnce': 3, 'ingest.maxLambdas': 90 })),
    );
    expect([changed.Ingest?.MaxConcurrency, changed.Slices?.MaxConcurrency]).toEqual([30, 3]);
  });

  it('Ingest calls Open and Slice again within their budgets', () => {
    const small = allStates(definitionOf(synthesise({ 'ingest.openCalls': 7, 'ingest.sliceCalls': 9 })));
    expect(small.SmallOnesLeft?.Choices).toContainEqual({
      Variable: '$.call',
      NumericGreaterThanEquals: 7,
      Next: 'Large',
    });
    expect(small.SliceDone?.Choices).toContainEqual({
      Variable: '$.call',
      NumericGreaterThanEquals: 9,
      Next: 'SliceCallsUsedUp',
    });
  });

  it('Ingest catches all errors of a slice, because one error would fail the whole Map', () => {
    expect(state('Slice').Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'SliceFailed' }]);
  });

  it('Ingest skips the states for large objects if a batch has none, and then ends or fails', () => {
    const noneLarge = { Not: { Variable: '$.open.large[0]', IsPresent: true } };
    const allOpened = { Variable: '$.open.left', NumericEquals: 0 };
    expect(state('SmallOnesLeft').Choices).toEqual([
      { And: [allOpened, noneLarge], Next: 'BatchEnd' },
      { And: [{ Variable: '$.call', NumericGreaterThanEquals: 20 }, noneLarge], Next: 'OpenCallsUsedUp' },
      { ...allOpened, Next: 'Large' },
      { Variable: '$.call', NumericGreaterThanEquals: 20, Next: 'Large' },
      { Variable: '$.open.waitSeconds', NumericGreaterThan: 0, Next: 'WaitToOpen' },
    ]);
  });

  it('Ingest calls Open again for transfers that have to begin again, within the budget of calls', () => {
    expect(state('Large')).toMatchObject({ ResultPath: '$.ends', Next: 'CheckLarge' });
    expect(state('CheckLarge').Parameters).toEqual({ 'again.$': 'States.ArrayContains($.ends[*].again, true)' });
    expect(state('BeginAgain')).toMatchObject({
      Choices: [
        {
          And: [
            { Variable: '$.open.left', NumericEquals: 0 },
            { Variable: '$.check.again', BooleanEquals: false },
          ],
          Next: 'BatchEnd',
        },
        { Variable: '$.call', NumericGreaterThanEquals: 20, Next: 'OpenCallsUsedUp' },
      ],
      Default: 'OpenAgain',
    });
    expect(state('Abandon')).toMatchObject({ ResultPath: '$', End: true });
  });

  it('Ingest abandons transfers that could not be finished', () => {
    for (const name of ['Slices', 'Close']) {
      expect(state(name).Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Abandon' }]);
    }
    expect(state('AllSlicesDone').Default).toBe('FirstSliceError');
    expect(state('FirstSliceError').Next).toBe('Abandon');
    expect(state('Abandon').Parameters).toEqual({ 'runId.$': '$.runId', 'item.$': '$.item', 'error.$': '$.error' });
  });

  it('every child of Ingest returns an empty object, and every large object returns whether it begins again', () => {
    expect(state('BatchEnd')).toMatchObject({ Type: 'Pass', Result: {}, End: true });
    expect(state('LargeEnd')).toMatchObject({ Type: 'Pass', Result: { again: false }, End: true });
  });
});

describe('the end', () => {
  it.each([
    ['Ingest', 'IngestBroke'],
    ['Reconcile', 'ReconcileBroke'],
    ['GatekeeperState', 'GateBroke'],
  ])('the run is closed in order if %s breaks, and the execution fails with that error', (name, broke) => {
    expect(state(name).Catch?.at(-1)).toEqual({ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: broke });
    expect(state(broke)).toMatchObject({ Type: 'Pass', ResultPath: '$.broke', Next: 'CloseBroken' });
    expect(state('CloseBroken')).toMatchObject({ ResultPath: '$.end', Next: 'AnythingToWrite' });
    expect(state('AnythingToWrite')).toMatchObject({
      Choices: [{ Variable: '$.end.closed', BooleanEquals: true, Next: 'ItemsState' }],
      Default: 'NotClosed',
    });
    expect(state('NotClosed')).toMatchObject({ ErrorPath: '$.error.Error', CausePath: '$.error.Cause' });
  });

  it('the gate waits after NotReadyError before it catches all other errors', () => {
    expect(state('GatekeeperState').Catch).toMatchObject([{ ErrorEquals: ['NotReadyError'] }, {}]);
  });

  it('a redriven execution continues where it broke', () => {
    expect(state('GoOn')).toMatchObject({
      Choices: [
        { Variable: '$.broke', IsPresent: false, Next: 'GatekeeperState' },
        { Variable: '$.broke', StringEquals: 'Ingest', Next: 'Ingest' },
        { Variable: '$.broke', StringEquals: 'Reconcile', Next: 'Reconcile' },
      ],
      Default: 'GatekeeperState',
    });
  });

  it('the end has no Catch: EventBridge then starts the state machine that closes the run', () => {
    for (const name of ['CloseState', 'CloseBroken', 'ItemsState', 'ListItems', 'DoneState', 'BrokenState']) {
      expect(state(name), name).not.toHaveProperty('Catch');
    }
  });

  it('the end passes keys and numbers from state to state, and keeps no result of its pieces', () => {
    expect(state('ItemsState')).toMatchObject({
      ItemsPath: '$.end.pieces',
      ItemSelector: { 'runId.$': '$.end.runId', 'piece.$': '$$.Map.Item.Value', 'of.$': '$.end.of' },
      ResultPath: null,
    });
    expect(state('DoneState').Parameters).toEqual({ 'runId.$': '$.end.runId', 'of.$': '$.end.of' });
  });

  it('the end writes as many pieces at once as the run may have Lambdas, within the limit of an inline Map', () => {
    const many = allStates(definitionOf(synthesise({ 'ingest.maxLambdas': 500 })));
    expect(many.ItemsState?.MaxConcurrency).toBe(40);
  });
});

describe('the state machine that closes runs', () => {
  const closing = definitionWith(synthesise(), 'AnythingToClose');

  it('the state machine that closes runs is valid, and writes the same end with the same states', () => {
    const { isValid, errorsText } = aslValidator(closing);
    expect(isValid, errorsText()).toBe(true);
    expect(closing.StartAt).toBe('CloseRun');
    for (const name of ['ItemsState', 'DoneState']) {
      const { Next: _next, ...mine } = allStates(closing)[name] as State;
      const { Next: _other, ...runs } = state(name);
      expect(mine).toEqual(runs);
    }
  });

  it('the state machine that closes runs succeeds if there is nothing to close, and says why', () => {
    expect(allStates(closing).AnythingToClose).toMatchObject({ Default: 'NothingToClose' });
    expect(allStates(closing).NothingToClose).toMatchObject({ Type: 'Succeed', OutputPath: '$.end' });
  });
});

/** The state that follows when no choice holds. */
function next(name: string): string | undefined {
  const { Next, Default } = (definition as Definition).States[name] as { Next?: string; Default?: string };
  return Next ?? Default;
}
