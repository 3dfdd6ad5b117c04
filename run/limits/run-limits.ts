import { timerMilliseconds } from '#net/wait.ts';
import * as z from '#net/zod.ts';
import { PermanentTransferError, TooLargeError } from '#transfer/index.ts';
import { runKeys } from '../keys.ts';
import { planTimes } from '../plan/plan-times.ts';
import { listKeys, pauseAfterConflict, readJson, readTagged, type Store, writeIf } from '../store.ts';

/**
 * The run has used up its limits: no more of its sources are begun. The run continues to its end with the items that it
 * has.
 */
export class RunLimitError extends PermanentTransferError {
  override readonly name = 'RunLimitError';
}

/**
 * The run's deadline has passed. No more of its sources are begun, and transfers under way are interrupted. Their items
 * are late, not failed, so no function records a failure for them.
 */
export class RunDeadlineError extends PermanentTransferError {
  override readonly name = 'RunDeadlineError';

  constructor(at: number) {
    super(
      `the run's deadline was at ${new Date(at).toISOString()}: raise deadlineMinutes, or run the remaining items again`,
    );
  }
}

/** The number of counter objects. With several of them, two Lambdas seldom write the same one at once. */
const COUNTERS = 8;
/** How often a process reads again what other processes have counted. */
const LOOK_MILLISECONDS = 5_000;
/** The share of the limit after which a process writes its count to a counter at once, so that others see it. */
const UNTOLD_SHARE = 0.01;
const ATTEMPTS = 30;

/** The plan's times alone: a function that transfers reads nothing else of the plan. */
const planTimesSchema = z.lazy(() => z.object(planTimes()));
const counterSchema = z.lazy(() => z.object({ v: z.literal(1), bytes: z.int().check(z.nonnegative()) }));

interface Spending {
  /** The bytes that all processes had read at `lookedAt`. */
  known: number;
  lookedAt: number;
  /** Bytes that this process has read but not yet written to a counter. */
  pending: number;
  /** When the run's time is up, according to its plan. */
  stopAt: number;
  /** When the run continues without missing items, according to its input. */
  deadline: number;
}

/**
 * What a run has used of its limits. Every process that lands sources counts bytes here. The count is read before a
 * source begins, and the source may then read no more than the rest of the limit. Sources that are transferred at the
 * same time don't know of each other, so together a run may exceed its limit by what they read. With one source at a
 * time, it does not exceed the limit.
 */
export class RunLimits {
  readonly #store: Store;
  readonly #runBytes: number;
  readonly #runs = new Map<string, Promise<Spending>>();

  constructor(store: Store, runBytes: number) {
    this.#store = store;
    this.#runBytes = runBytes;
  }

  /** @throws RunLimitError if no source may be begun any more. */
  async check(runId: string): Promise<void> {
    await this.checkTime(runId);
    const spending = await this.#of(runId);
    if (Date.now() - spending.lookedAt > LOOK_MILLISECONDS) {
      spending.lookedAt = Date.now();
      spending.known = await this.#counted(runId);
    }
    const bytes = spending.known + spending.pending;
    if (bytes >= this.#runBytes) {
      throw new RunLimitError(
        `the run has read ${bytes} bytes of the allowed ${this.#runBytes}: raise the setting limits.runGiB, or run the remaining items again`,
      );
    }
  }

  /**
   * Lands a source within the bytes that the run may still read.
   *
   * @param sourceBytes the limit for one source.
   * @param land receives the smaller of the two limits, and throws TooLargeError if the source is larger. Its signal
   * aborts at the run's deadline.
   * @throws RunLimitError if no source may be begun any more, or if this source is larger than the rest of the limit;
   * RunDeadlineError if the deadline has passed, or passes meanwhile; and what `land` throws.
   */
  async within<T>(
    runId: string,
    sourceBytes: number,
    land: (maxBytes: number, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await this.check(runId);
    const { known, pending, deadline } = await this.#of(runId);
    const left = this.#runBytes - known - pending;
    const late = new AbortController();
    const atDeadline = () => late.abort(new RunDeadlineError(deadline));
    // No process lives as long as the longest timer, so a later deadline never aborts.
    const timer = setTimeout(atDeadline, timerMilliseconds(deadline - Date.now()));
    try {
      return await land(Math.min(left, sourceBytes), late.signal);
    } catch (error) {
      if (late.signal.aborted) throw late.signal.reason;
      if (!(error instanceof TooLargeError) || left >= sourceBytes) throw error;
      throw new RunLimitError(
        `${error.message}, because the run had read ${known + pending} bytes of the allowed ${this.#runBytes}: raise the setting limits.runGiB, or run the remaining items again`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns the run's deadline; undefined if it has none. */
  async deadlineOf(runId: string): Promise<Date | undefined> {
    const { deadline } = await this.#of(runId);
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  /** @throws RunDeadlineError if the deadline has passed, RunLimitError if the run's time is up. */
  async checkTime(runId: string): Promise<void> {
    const { stopAt, deadline } = await this.#of(runId);
    if (Date.now() >= deadline) throw new RunDeadlineError(deadline);
    if (Date.now() < stopAt) return;
    const since = new Date(stopAt).toISOString();
    throw new RunLimitError(
      `the run's time was up at ${since}: raise the setting limits.hours, or run the remaining items again`,
    );
  }

  /** Counts bytes that were read, or will be. The count stays in memory until `flush`, or until it is large. */
  async spend(runId: string, bytes: number): Promise<void> {
    const spending = await this.#of(runId);
    spending.pending += bytes;
    if (spending.pending >= this.#runBytes * UNTOLD_SHARE) await this.flush(runId);
  }

  /** Writes the count to a counter, where other processes read it. */
  async flush(runId: string): Promise<void> {
    const spending = await this.#of(runId);
    const bytes = spending.pending;
    if (bytes === 0) return;
    await this.#count(runId, bytes);
    spending.pending -= bytes;
    spending.known += bytes;
  }

  #of(runId: string): Promise<Spending> {
    const known = this.#runs.get(runId);
    if (known !== undefined) return known;
    const reading = readJson(this.#store, runKeys(runId).summary, planTimesSchema).then((plan) => ({
      known: 0,
      lookedAt: 0,
      pending: 0,
      stopAt: timeOf(plan?.stopAt),
      deadline: timeOf(plan?.deadline),
    }));
    reading.catch(() => this.#runs.delete(runId));
    this.#runs.set(runId, reading);
    return reading;
  }

  async #counted(runId: string): Promise<number> {
    let bytes = 0;
    for await (const key of listKeys(this.#store, runKeys(runId).spentCounters)) {
      bytes += (await readJson(this.#store, key, counterSchema))?.bytes ?? 0;
    }
    return bytes;
  }

  async #count(runId: string, bytes: number): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const key = `${runKeys(runId).spentCounters}${Math.floor(Math.random() * COUNTERS)}.json`;
      const before = await readTagged(this.#store, key, counterSchema);
      const body = JSON.stringify({ v: 1, bytes: (before?.value.bytes ?? 0) + bytes });
      if ((await writeIf(this.#store, key, before ?? 'absent', { body })) === 'written') return;
      // Another process has written this counter meanwhile: try again, with another counter and a new sum.
      await pauseAfterConflict(attempt);
    }
    throw new Error(`${ATTEMPTS} times, another process of run ${runId} counted its bytes at the same time`);
  }
}

/** Returns the milliseconds of a time, or Infinity if there is no time. */
function timeOf(at: string | null | undefined): number {
  return at == null ? Number.POSITIVE_INFINITY : Date.parse(at);
}
