import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  type Chain,
  Choice,
  Condition,
  DistributedMap,
  Fail,
  type IChainable,
  type INextable,
  Map as InlineMap,
  JitterType,
  JsonPath,
  Pass,
  Result,
  type State,
  StateMachineFragment,
  TaskInput,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { invoke } from './invoke.ts';
import { PlanLines } from './plan-lines.ts';
import { retryFaults } from './retries.ts';

/** The options of an `Ingest`. `SluicePipeline` creates the functions from `lambdas/`. */
export interface IngestProps {
  /** The bucket with the plan. */
  readonly bucket: IBucket;
  /** The functions that transfer. */
  readonly functions: Readonly<Record<'open' | 'slice' | 'close' | 'abandon' | 'startWorkers', IFunction>>;
  /** The number of batches in transfer at once. */
  readonly children: number;
  /** The number of slices of one large object in transfer at once. */
  readonly slicesAtOnce: number;
  /** How often Open is called for one batch. */
  readonly openCalls: number;
  /** How often Slice is called for one slice. */
  readonly sliceCalls: number;
  /** An upper time limit for one call, longer than the functions' own timeout. */
  readonly taskTimeout: Duration;
}

/**
 * Errors of the engine after which a retry does not help. Abandon then aborts the upload, and the transfer begins
 * again, or the object is recorded as failed.
 */
export const TRANSFER_ERRORS: readonly string[] = [
  'CredentialError',
  'InvalidDestinationError',
  'InvalidOptionsError',
  'ObjectExistsError',
  'ProofFailedError',
  'RangesIgnoredError',
  'RedirectError',
  'RunDeadlineError',
  'RunLimitError',
  'SourceChangedError',
  'SourceConnectionError',
  'SourceForbiddenError',
  'SourceKeepsChangingError',
  'SourceRefusedError',
  'StreamBrokenError',
  'TokenError',
  'TooLargeError',
  'TooLargeForOneStreamError',
  'TransferCodingError',
  'UnprovenEndError',
  'UploadVanishedError',
];

/** The output of each child. Without it, the output would be the child's whole last input. */
const NOTHING = Result.fromObject({});

/**
 * Transfers every source of the plan. A child execution takes a batch:
 *
 * ```
 * Open ─▶ small ones left? ─ yes ─▶ wait ─▶ Open …
 *            ╰ no ─▶ Large: each large one
 *                      Slices: each slice ─▶ Slice ─▶ done? ─ no ─▶ wait ─▶ Slice …
 *                      ─▶ all done? ─ yes ─▶ Close
 *                            ╰ no, or Close failed ─▶ Abandon
 *                    ─▶ does one have to begin again? ─ yes ─▶ Open …
 * ```
 *
 * If the source of a large object changes during the transfer, the transfer begins again, a few times
 * (`lambdas/abandon/`).
 *
 * The failure of a source is recorded, and never ends the run. If a large object fails, Abandon aborts its upload. If a
 * child fails, the Map continues. Afterwards, Reconcile records a failure for each source without a record. If items
 * were dispatched, EnsureWorkers checks the workers. Errors of EnsureWorkers are ignored, because the gatekeeper checks
 * the workers again.
 */
export class Ingest extends StateMachineFragment {
  /** The Map. CDK reads it when you chain the fragment. */
  readonly startState: State;
  /** The Map. CDK reads it when you call `next`. */
  readonly endStates: INextable[];
  readonly #props: IngestProps;
  readonly #map: DistributedMap;

  constructor(scope: Construct, id: string, props: IngestProps) {
    super(scope, id);
    this.#props = props;
    const map = new DistributedMap(this, 'Ingest', {
      label: 'Ingest',
      itemReader: new PlanLines({ bucket: props.bucket, key: JsonPath.stringAt('$.plan') }),
      itemSelector: {
        runId: JsonPath.stringAt('$.runId'),
        batch: JsonPath.stringAt('$$.Map.Item.Value.batch'),
        call: 1,
      },
      maxConcurrency: props.children,
      // By default one failed child fails the whole Map.
      toleratedFailurePercentage: 100,
      // There is no result writer, because no state reads the results of the children. Also, if a Map could not write
      // its results, it would begin all children again. Each child returns an empty object, so that the results of
      // 80,000 children fit into a state.
      resultPath: JsonPath.DISCARD,
    });
    map.itemProcessor(this.#batch());
    map.addRetry({
      // The plan couldn't be read, so no child has begun.
      errors: ['States.ItemReaderFailed'],
      interval: Duration.seconds(5),
      backoffRate: 2,
      maxAttempts: 4,
      jitterStrategy: JitterType.FULL,
    });
    this.#map = map;
    this.startState = map;
    this.endStates = [map];
  }

  /**
   * Sets the next state after an error of the Map itself, which is then at `$.error`. Errors of its children are
   * tolerated.
   */
  onError(handler: IChainable): void {
    this.#map.addCatch(handler, { resultPath: '$.error' });
  }

  /** One batch: Open lands its small sources, and Slice transfers its large sources in slices. */
  #batch(): IChainable {
    const open = this.#invoke('Open', 'open', { resultPath: '$.open', payload: ['runId', 'batch', 'call'] });
    const again = this.#again('OpenAgain', ['runId', 'batch']).next(open);
    const end = new Pass(this, 'BatchEnd', { result: NOTHING });
    const usedUp = new Fail(this, 'OpenCallsUsedUp', {
      error: 'OpenCallsUsedUp',
      cause: `Open was called ${this.#props.openCalls} times (ingest.openCalls), but the batch still has sources to land`,
    });
    const allOpened = Condition.numberEquals('$.open.left', 0);
    const noCallsLeft = Condition.numberGreaterThanEquals('$.call', this.#props.openCalls);
    const noneLarge = Condition.not(Condition.isPresent('$.open.large[0]'));
    const large = this.#large().next(
      new Choice(this, 'BeginAgain')
        .when(Condition.and(allOpened, Condition.booleanEquals('$.check.again', false)), end)
        .when(noCallsLeft, usedUp)
        .otherwise(again),
    );
    const left = new Choice(this, 'SmallOnesLeft')
      .when(Condition.and(allOpened, noneLarge), end)
      .when(Condition.and(noCallsLeft, noneLarge), usedUp)
      .when(allOpened, large)
      // The uploads of the large objects are open by now, and must be completed or aborted.
      .when(noCallsLeft, large)
      .when(
        Condition.numberGreaterThan('$.open.waitSeconds', 0),
        this.#wait('WaitToOpen', '$.open.waitSeconds').next(again),
      )
      .otherwise(again);
    return open.next(
      new Choice(this, 'OpenDispatched')
        .when(Condition.booleanEquals('$.open.startWorkers', true), this.#ensureWorkers('EnsureWorkers', left))
        .otherwise(left),
    );
  }

  /** The large sources of a batch, one after the other, so that only the slices of one source run at once. */
  #large(): Chain {
    const large = new InlineMap(this, 'Large', {
      itemsPath: '$.open.large',
      itemSelector: {
        runId: JsonPath.stringAt('$.runId'),
        item: JsonPath.stringAt('$$.Map.Item.Value.item'),
        slices: JsonPath.listAt('$$.Map.Item.Value.slices'),
      },
      maxConcurrency: 1,
      resultPath: '$.ends',
    });
    large.itemProcessor(this.#largeObject());
    return large.next(
      new Pass(this, 'CheckLarge', {
        // States.ArrayContains is written out, because JsonPath.arrayContains accepts no booleans.
        parameters: { 'again.$': 'States.ArrayContains($.ends[*].again, true)' },
        resultPath: '$.check',
      }),
    );
  }

  #largeObject(): IChainable {
    const end = new Pass(this, 'LargeEnd', { result: Result.fromObject({ again: false }) });
    // Abandon's answer, `{ again }`, is the output of a large object's iteration.
    const abandon = this.#invoke('Abandon', 'abandon', { resultPath: '$', payload: ['runId', 'item', 'error'] });
    // If Abandon fails, Reconcile and the end of the run do its work.
    abandon.addCatch(end, { resultPath: JsonPath.DISCARD });

    const close = this.#invoke('Close', 'close', { resultPath: '$.close', payload: ['runId', 'item'] });
    close.addCatch(abandon, { resultPath: '$.error' });
    close.next(
      new Choice(this, 'CloseDispatched')
        .when(
          Condition.booleanEquals('$.close.startWorkers', true),
          this.#ensureWorkers('EnsureWorkersAfterClose', end),
        )
        .otherwise(end),
    );

    const slices = new InlineMap(this, 'Slices', {
      itemsPath: '$.slices',
      itemSelector: {
        runId: JsonPath.stringAt('$.runId'),
        item: JsonPath.stringAt('$.item'),
        slice: JsonPath.numberAt('$$.Map.Item.Value'),
        call: 1,
      },
      maxConcurrency: this.#props.slicesAtOnce,
      resultPath: '$.slices',
    });
    slices.itemProcessor(this.#slice());
    slices.addCatch(abandon, { resultPath: '$.error' });

    const firstError = new Pass(this, 'FirstSliceError', {
      parameters: {
        runId: JsonPath.stringAt('$.runId'),
        item: JsonPath.stringAt('$.item'),
        // Only slices that are not done have an error.
        error: JsonPath.arrayGetItem(JsonPath.listAt('$.slices[*].error'), 0),
      },
    });
    firstError.next(abandon);
    const check = new Pass(this, 'CheckSlices', {
      // States.ArrayContains is written out, because JsonPath.arrayContains accepts no booleans.
      parameters: { 'unfinished.$': 'States.ArrayContains($.slices[*].done, false)' },
      resultPath: '$.check',
    });
    return slices
      .next(check)
      .next(
        new Choice(this, 'AllSlicesDone')
          .when(Condition.booleanEquals('$.check.unfinished', false), close)
          .otherwise(firstError),
      );
  }

  /** One slice, which is called again until it is done. It catches all errors: one error fails a whole inline Map. */
  #slice(): IChainable {
    const slice = this.#invoke('Slice', 'slice', {
      resultPath: '$.answer',
      payload: ['runId', 'item', 'slice', 'call'],
    });
    slice.addCatch(
      new Pass(this, 'SliceFailed', {
        parameters: { slice: JsonPath.numberAt('$.slice'), done: false, error: JsonPath.objectAt('$.error') },
      }),
      { resultPath: '$.error' },
    );
    const again = this.#again('SliceAgain', ['runId', 'item', 'slice']).next(slice);
    return slice.next(
      new Choice(this, 'SliceDone')
        .when(
          Condition.booleanEquals('$.answer.done', true),
          new Pass(this, 'SliceEnd', { parameters: { slice: JsonPath.numberAt('$.slice'), done: true } }),
        )
        .when(
          Condition.numberGreaterThanEquals('$.call', this.#props.sliceCalls),
          new Pass(this, 'SliceCallsUsedUp', {
            parameters: {
              slice: JsonPath.numberAt('$.slice'),
              done: false,
              error: {
                Error: 'SliceCallsUsedUp',
                Cause: `the slice was not done after ${this.#props.sliceCalls} calls (ingest.sliceCalls)`,
              },
            },
          }),
        )
        .when(
          Condition.numberGreaterThan('$.answer.waitSeconds', 0),
          this.#wait('WaitToSlice', '$.answer.waitSeconds').next(again),
        )
        .otherwise(again),
    );
  }

  /** Errors are ignored here: the gatekeeper makes sure later that workers run. */
  #ensureWorkers(name: string, next: IChainable): IChainable {
    const ensure = this.#invoke(name, 'startWorkers', { resultPath: JsonPath.DISCARD, payload: ['runId'] });
    ensure.addCatch(next, { resultPath: JsonPath.DISCARD });
    return ensure.next(next);
  }

  /** Calls one of the functions, with the retriers of every task, and the named fields of the state as its payload. */
  #invoke(
    name: string,
    fn: keyof IngestProps['functions'],
    { payload, resultPath }: { payload: readonly string[]; resultPath: string },
  ): LambdaInvoke {
    return retryFaults(
      invoke(this, name, this.#props.functions[fn], {
        payload: TaskInput.fromObject(fields(payload)),
        resultPath,
        timeout: this.#props.taskTimeout,
      }),
      TRANSFER_ERRORS,
    );
  }

  /** Counts the next call, and drops the answer of the last call. */
  #again(name: string, keep: readonly string[]): Pass {
    return new Pass(this, name, {
      parameters: { ...fields(keep), call: JsonPath.mathAdd(JsonPath.numberAt('$.call'), 1) },
    });
  }

  /** A pause that a source has requested, or that the limit of a host requires. */
  #wait(name: string, secondsPath: string): Wait {
    return new Wait(this, name, { time: WaitTime.secondsPath(secondsPath) });
  }
}

function fields(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, JsonPath.objectAt(`$.${name}`)]));
}
