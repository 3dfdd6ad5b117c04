import { PutObjectCommand } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { PermanentTransferError, TooLargeError } from '#transfer/index.ts';
import { runKeys } from '../keys.ts';
import { planSummarySchema } from '../plan/plan-summary.ts';
import { httpStatus, listKeys, pauseAfterConflict, readJson, readTagged, type Store } from '../store.ts';

/** The run has cost what it may: no more of its sources are begun. The run goes on to its end with what there is. */
export class RunLimitError extends PermanentTransferError {
  override readonly name = 'RunLimitError';
}

/**
 * The run's deadline has passed: no more of its sources are begun, and what is under way is broken off. They are late, not
 * failed, so that nobody records a failure for them.
 */
export class RunDeadlineError extends PermanentTransferError {
  override readonly name = 'RunDeadlineError';

  constructor(at: number) {
    super(
      `the run's deadline was at ${new Date(at).toISOString()}: give it more deadlineMinutes, or run the rest again`,
    );
  }
}

/** Counters, so that many Lambdas seldom meet at one. */
const COUNTERS = 8;
/** What others have read meanwhile is looked at so often. */
const LOOK_MILLISECONDS = 5_000;
/** Which part of the limit a process may have read before it tells the others, whatever else it is at. */
const UNTOLD_SHARE = 0.01;
const ATTEMPTS = 30;

const counterSchema = z.object({ v: z.literal(1), bytes: z.int().nonnegative() });

interface Spending {
  /** Of all processes, as of `lookedAt`. */
  known: number;
  lookedAt: number;
  /** Of this one, not in the counters yet. */
  pending: number;
  /** When the run's time is up, by its plan. */
  stopAt: number;
  /** When the run goes on with what there is, by its input. */
  deadline: number;
}

/** Node's timers take no more milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * What a run has cost, and what it may. Bytes are counted by everybody who lands sources, and looked at before a source is
 * begun, which then gets no more than what is left. Sources that are in transfer at the same time don't see each other, so
 * a run may exceed its limit by what they get; by nothing where there is one at a time.
 */
export class RunLimits {
  readonly #store: Store;
  readonly #runBytes: number;
  readonly #runs = new Map<string, Promise<Spending>>();

  constructor(store: Store, runBytes: number) {
    this.#store = store;
    this.#runBytes = runBytes;
  }

  /** @throws RunLimitError where no source may be begun any more. */
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
        `the run has read ${bytes} bytes of the ${this.#runBytes} that it may: raise the setting limits.runGiB, or run the rest again`,
      );
    }
  }

  /**
   * Lands a source within what the run may still read.
   *
   * @param sourceBytes what one source may hold.
   * @param land is told the lesser of the two, and throws TooLargeError where the source holds more. Its signal aborts at the
   *   run's deadline.
   * @throws RunLimitError where no source may be begun any more, or where this one is larger than what is left;
   *   RunDeadlineError where the deadline has passed, or passes meanwhile; and what `land` throws.
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
    const untilDeadline = deadline - Date.now();
    const timer =
      untilDeadline > LONGEST_TIMER_MS
        ? undefined
        : setTimeout(() => late.abort(new RunDeadlineError(deadline)), untilDeadline);
    try {
      return await land(Math.min(left, sourceBytes), late.signal);
    } catch (error) {
      if (late.signal.aborted) throw late.signal.reason;
      if (!(error instanceof TooLargeError) || left >= sourceBytes) throw error;
      throw new RunLimitError(
        `${error.message}, for the run had read ${known + pending} bytes of the ${this.#runBytes} that it may: raise the setting limits.runGiB, or run the rest again`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** When the run's deadline is; undefined where it has none. */
  async deadlineOf(runId: string): Promise<Date | undefined> {
    const { deadline } = await this.#of(runId);
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  /** @throws RunDeadlineError where the deadline has passed, RunLimitError where the run's time is up. */
  async checkTime(runId: string): Promise<void> {
    const { stopAt, deadline } = await this.#of(runId);
    if (Date.now() >= deadline) throw new RunDeadlineError(deadline);
    if (Date.now() < stopAt) return;
    const since = new Date(stopAt).toISOString();
    throw new RunLimitError(`the run's time was up at ${since}: raise the setting limits.hours, or run the rest again`);
  }

  /** Counts bytes that were read, or will be. In memory until `flush`, or until they are many. */
  async spend(runId: string, bytes: number): Promise<void> {
    const spending = await this.#of(runId);
    spending.pending += bytes;
    if (spending.pending >= this.#runBytes * UNTOLD_SHARE) await this.flush(runId);
  }

  /** Tells the others. */
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
    const reading = readJson(this.#store, runKeys(runId).summary, planSummarySchema).then((plan) => ({
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
    for (let attempt = 1; ; attempt++) {
      const Key = `${runKeys(runId).spentCounters}${Math.floor(Math.random() * COUNTERS)}.json`;
      const before = await readTagged(this.#store, Key, counterSchema);
      try {
        await this.#store.client.send(
          new PutObjectCommand({
            Bucket: this.#store.bucket,
            Key,
            Body: JSON.stringify({ v: 1, bytes: (before?.value.bytes ?? 0) + bytes }),
            ContentType: 'application/json',
            ...(before === undefined ? { IfNoneMatch: '*' } : { IfMatch: before.etag }),
          }),
        );
        return;
      } catch (error) {
        const status = httpStatus(error);
        // Somebody else has counted meanwhile: at another counter, with another sum, again.
        if ((status !== 412 && status !== 409) || attempt === ATTEMPTS) throw error;
        await pauseAfterConflict(attempt);
      }
    }
  }
}

/** Milliseconds of a time that may not be there: then never. */
function timeOf(at: string | null | undefined): number {
  return at == null ? Number.POSITIVE_INFINITY : Date.parse(at);
}
