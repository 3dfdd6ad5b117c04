import aslValidator from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { allStates, type Definition, definitionOf, type State, synthesise } from '#test/lib/synthesise.ts';

const definition = definitionOf(synthesise());
const states = allStates(definition);
const state = (name: string): State => {
  const found = states[name];
  if (found === undefined) throw new Error(`there is no state ${name}`);
  return found;
};
const tasks = Object.entries(states).filter(([, { Type }]) => Type === 'Task');
const maps = Object.entries(states).filter(([, { Type }]) => Type === 'Map');

describe('the state machine', () => {
  it('is valid in the Amazon States Language', () => {
    const { isValid, errorsText } = aslValidator(definition);
    expect(isValid, errorsText()).toBe(true);
  });

  it('has the states of the design, in its order', () => {
    const path: string[] = [];
    for (let at: string | undefined = definition.StartAt; at !== undefined; at = next(at)) path.push(at);
    expect(path).toEqual([
      'Plan',
      'WorkChoice',
      'Ingest',
      'Reconcile',
      'GatekeeperState',
      'DoneState',
      'OutcomeChoice',
      'Succeed',
    ]);
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

  it('tells Plan who it is, and goes on with what Plan answers', () => {
    expect(state('Plan').Parameters).toEqual({
      'input.$': '$',
      'runId.$': '$$.Execution.Name',
      'executionArn.$': '$$.Execution.Id',
      'startedAt.$': '$$.Execution.StartTime',
    });
    expect(state('Plan')).not.toHaveProperty('ResultPath');
  });

  it('fails Late and Failed by those names, and names the manifest', () => {
    for (const name of ['Late', 'Failed']) {
      expect(state(name)).toMatchObject({
        Type: 'Fail',
        Error: name,
        CausePath: expect.stringContaining('$.outcome.manifest'),
      });
    }
  });

  it('lets neither StartWorkers nor EnsureWorkers end a run', () => {
    for (const name of ['StartWorkers', 'EnsureWorkers', 'EnsureWorkersAfterClose']) {
      expect(state(name).Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: state(name).Next }]);
    }
  });

  it('retries throttles and transient faults of every task, with jitter, each on its own', () => {
    expect(tasks).toHaveLength(11);
    for (const [name, { Retry = [] }] of tasks) {
      const throttled = Retry.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.TooManyRequestsException'));
      const transient = Retry.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.ServiceException'));
      expect(throttled, name).toMatchObject({
        ErrorEquals: ['Lambda.TooManyRequestsException'],
        JitterStrategy: 'FULL',
      });
      expect(transient, name).toMatchObject({ JitterStrategy: 'FULL', MaxDelaySeconds: 60 });
      const all = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
      // A pattern would also retry bad input and what a source refuses.
      expect(all).not.toContain('States.ALL');
      expect(all).not.toContain('States.TaskFailed');
      expect(new Set(all).size, name).toBe(all.length);
    }
  });

  it('gives every task an end of its own', () => {
    for (const [name, task] of tasks) expect(task.TimeoutSeconds, name).toBe(960);
  });
});

describe('Ingest', () => {
  it("reads the plan's lines and gives each child its batch", () => {
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

  it('goes on whatever becomes of its children, and keeps no result', () => {
    expect(state('Ingest')).toMatchObject({ ToleratedFailurePercentage: 100, ResultPath: null });
  });

  it("writes its children's ends into the run's records", () => {
    expect(state('Ingest').ResultWriter).toEqual({
      Resource: 'arn:aws:states:::s3:putObject',
      Parameters: { Bucket: expect.any(String), 'Prefix.$': "States.Format('runs/{}/map', $.runId)" },
    });
  });

  it("bounds every Map, and slices alone add to the children's concurrency", () => {
    expect(Object.fromEntries(maps.map(([name, map]) => [name, map.MaxConcurrency]))).toEqual({
      Ingest: 4,
      Large: 1,
      Slices: 2,
    });
    const changed = allStates(
      definitionOf(synthesise({ 'ingest.children': 30, 'ingest.slicesAtOnce': 3, 'ingest.maxLambdas': 90 })),
    );
    expect([changed.Ingest?.MaxConcurrency, changed.Slices?.MaxConcurrency]).toEqual([30, 3]);
  });

  it('calls Open and Slice again within their budgets', () => {
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

  it('catches all that a slice may throw, for one error would fail the whole Map', () => {
    expect(state('Slice').Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'SliceFailed' }]);
  });

  it('passes by large ones where there are none, and ends or fails then', () => {
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

  it('opens again what has to begin again, within the budget of calls', () => {
    expect(state('Large')).toMatchObject({ ResultPath: '$.ends', Next: 'LookAtLarge' });
    expect(state('LookAtLarge').Parameters).toEqual({ 'again.$': 'States.ArrayContains($.ends[*].again, true)' });
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

  it('abandons what could not be finished', () => {
    for (const name of ['Slices', 'Close']) {
      expect(state(name).Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Abandon' }]);
    }
    expect(state('AllSlicesDone').Default).toBe('FirstSliceError');
    expect(state('FirstSliceError').Next).toBe('Abandon');
    expect(state('Abandon').Parameters).toEqual({ 'runId.$': '$.runId', 'item.$': '$.item', 'error.$': '$.error' });
  });

  it('ends every child in nothing, and every large one in whether it begins again', () => {
    expect(state('BatchEnd')).toMatchObject({ Type: 'Pass', Result: {}, End: true });
    expect(state('LargeEnd')).toMatchObject({ Type: 'Pass', Result: { again: false }, End: true });
  });
});

/** The state that follows when no choice holds. */
function next(name: string): string | undefined {
  const { Next, Default } = (definition as Definition).States[name] as { Next?: string; Default?: string };
  return Next ?? Default;
}
