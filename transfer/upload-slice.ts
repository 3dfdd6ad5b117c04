import { timerMilliseconds } from '#net/wait.ts';
import type { Context } from './context.ts';
import { SourceAsksToWaitError, UploadVanishedError } from './errors.ts';
import type { FirstPart } from './opening/first-part.ts';
import type { OnProgress } from './options.ts';
import { buffersFor, giveBuffer, takeBuffer } from './parts/buffers.ts';
import { pipePart } from './parts/pipe-part.ts';
import { type PartRange, partRange, type Slice } from './parts/plan.ts';
import { addCrc32, crc32ToHex, EMPTY_CRC32 } from './proof/crc32.ts';
import type { StoredPart } from './s3/object-store.ts';
import type { WriteBody } from './s3/transport.ts';
import { fetchRange } from './source/fetch-range.ts';
import { type PartProof, planOf, type TransferState } from './state.ts';

/** What `RangedTransfer.uploadSlice` takes. */
export interface SliceOptions {
  /**
   * When the call has to return: a part is begun only if it will probably be done by then; a part that is nearly sent
   * has 5 s more.
   */
  readonly deadline?: Date;
  /** Its abort ends the call with the signal's reason. The upload stays open. */
  readonly signal?: AbortSignal;
  /** Bytes of this slice that S3 has acknowledged, with those of earlier calls. */
  readonly onProgress?: OnProgress;
}

/** The result of one call for a slice. */
export interface SliceOutcome {
  /** Whether all parts of the slice are in S3. */
  readonly done: boolean;
  /** Parts that are still to be sent. */
  readonly left: number;
  /** The proofs of the parts that this call sent: pass the proofs of all calls to `RangedTransfer.close`. */
  readonly proofs: PartProof[];
  /** Bytes that this call sent. */
  readonly bytes: number;
  /** The number of attempts after the first ones, since an earlier call of this process has returned. */
  readonly retries: number;
  /** The source asked to wait until this time; call again afterwards. */
  readonly waitUntil?: Date;
  /**
   * The upload does not exist any more: somebody closed or abandoned the transfer, and there is nothing left to do
   * here.
   */
  readonly vanished?: true;
}

/** A part is begun only if the time of the slowest part so far, multiplied by this, ends before the deadline. */
const SAFETY = 1.25;

/**
 * Implements `RangedTransfer.uploadSlice`, which counts the retries.
 *
 * @param first for all parts of a new upload: S3 has none of them, and the probe's body is flowing.
 */
export async function uploadSlice(
  context: Context,
  state: TransferState,
  slice: Slice,
  { deadline, signal, onProgress }: SliceOptions,
  first?: FirstPart,
): Promise<Omit<SliceOutcome, 'retries'>> {
  const run = new SliceRun(context, state, deadline, onProgress, first);
  try {
    return await run.go(slice, signal === undefined ? context.signal : AbortSignal.any([context.signal, signal]));
  } finally {
    first?.destroy();
  }
}

class SliceRun {
  readonly #context: Context;
  readonly #state: TransferState;
  readonly #deadline: Date | undefined;
  readonly #onProgress: OnProgress | undefined;
  readonly #first: FirstPart | undefined;
  readonly #proofs: PartProof[] = [];
  #todo: PartRange[] = [];
  #left = 0;
  #sent = 0;
  #acknowledged = 0;
  #total = 0;
  #slowestMilliseconds = 0;
  #error: unknown;
  readonly #workers: Promise<void>[] = [];
  #addWorker: () => void = () => {};

  constructor(
    context: Context,
    state: TransferState,
    deadline: Date | undefined,
    onProgress: OnProgress | undefined,
    first?: FirstPart,
  ) {
    this.#context = context;
    this.#state = state;
    this.#deadline = deadline;
    this.#onProgress = onProgress;
    this.#first = first;
  }

  async go(slice: Slice, outer: AbortSignal): Promise<Omit<SliceOutcome, 'retries'>> {
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    const clock =
      this.#deadline === undefined
        ? undefined
        : setTimeout(() => stop.abort(new PastDeadline()), timerMilliseconds(this.#deadline.getTime() - Date.now()));
    try {
      await this.#findTodo(slice, signal);
      const fail = (error: unknown) => {
        this.#error ??= error;
        stop.abort(error);
      };
      const begin = (first?: FirstPart) => this.#workers.push(this.#work(signal, first).catch(fail));
      this.#addWorker = () => {
        if (this.#workers.length < buffersFor(this.#context.connections) && this.#todo.length > 0) begin();
      };
      begin(this.#first);
      for (let more = Math.min(this.#context.connections, this.#left) - 1; more > 0; more--) begin();
      // This also waits for the workers that are added meanwhile.
      for (const worker of this.#workers) await worker;
      if (this.#error !== undefined) throw this.#error;
      return this.#outcome({});
    } catch (error) {
      if (outer.aborted) throw outer.reason;
      if (error instanceof PastDeadline) return this.#outcome({});
      if (error instanceof SourceAsksToWaitError) return this.#outcome({ waitUntil: error.waitUntil });
      if (error instanceof UploadVanishedError) return this.#outcome({ vanished: true });
      throw error;
    } finally {
      clearTimeout(clock);
    }
  }

  async #findTodo({ first, last }: Slice, signal: AbortSignal): Promise<void> {
    const plan = planOf(this.#state);
    const listed = this.#first ? [] : await this.#context.store.listParts(this.#state.uploadId, first, last, signal);
    const standing = new Map<number, StoredPart>(listed.map((part) => [part.number, part]));
    for (let number = first; number <= last; number++) {
      const range = partRange(plan, number);
      this.#total += range.length;
      const part = standing.get(number);
      // A part without a CRC can't contribute to the whole object's CRC: it is sent again.
      if (part?.bytes === range.length && part.crc !== undefined) this.#acknowledged += range.length;
      else this.#todo.push(range);
    }
    this.#left = this.#todo.length;
    if (this.#first) this.#todo.shift();
  }

  /** The work of one buffer: it reads a part into the buffer, sends the part to S3, and takes the next. */
  async #work(signal: AbortSignal, first: FirstPart | undefined): Promise<void> {
    if (first) await this.#landed(first.range, await first.send(signal));
    let buffer: Buffer | undefined;
    for (;;) {
      if (!this.#hasTime()) break;
      const part = this.#todo.shift();
      if (part === undefined) break;
      buffer ??= takeBuffer(Math.min(this.#context.bufferBytes, this.#state.total));
      const since = performance.now();
      const crc = await (part.length <= buffer.length ? this.#buffered : this.#piped).call(this, part, buffer, signal);
      await this.#landed(part, crc);
      this.#slowestMilliseconds = Math.max(this.#slowestMilliseconds, performance.now() - since);
    }
    if (buffer !== undefined) giveBuffer(buffer);
  }

  /** @returns the part's CRC-32. */
  async #buffered(part: PartRange, buffer: Buffer, signal: AbortSignal): Promise<number> {
    const { session, store } = this.#context;
    const { pins, uploadId } = this.#state;
    const target = buffer.subarray(0, part.length);
    let crc = EMPTY_CRC32;
    const onBytes = (piece: Uint8Array) => {
      crc = addCrc32(crc, piece);
    };
    const since = performance.now();
    await fetchRange(session, { pins, offset: part.offset, target, onBytes, signal, deadline: this.#deadline });
    const read = performance.now();
    await store.putPart(uploadId, part.number, target, crc, signal);
    // If the source is slower, none of its connections may wait for S3, so a buffer is added. If S3 is slower, another
    // buffer would only stay full.
    if (read - since > performance.now() - read) this.#addWorker();
    return crc;
  }

  /** @returns the part's CRC-32. */
  async #piped(range: PartRange, buffer: Buffer, signal: AbortSignal): Promise<number> {
    const { session, store } = this.#context;
    const { pins, uploadId } = this.#state;
    const piped = { session, pins, range, buffer, signal, deadline: this.#deadline };
    const pieces = (write: WriteBody) => pipePart(piped, write);
    this.#addWorker();
    return (await store.putPipedPart(uploadId, range.number, range.length, pieces, signal)).crc;
  }

  async #landed(part: PartRange, crc: number): Promise<void> {
    this.#proofs.push({ number: part.number, bytes: part.length, crc32: crc32ToHex(crc) });
    this.#left -= 1;
    this.#sent += part.length;
    this.#acknowledged += part.length;
    await this.#onProgress?.({ bytes: this.#acknowledged, total: this.#total });
  }

  #hasTime(): boolean {
    if (this.#deadline === undefined) return true;
    return Date.now() + this.#slowestMilliseconds * SAFETY < this.#deadline.getTime();
  }

  #outcome(more: Pick<SliceOutcome, 'waitUntil' | 'vanished'>): Omit<SliceOutcome, 'retries'> {
    return {
      done: this.#left === 0 && more.vanished === undefined && this.#total > 0,
      left: this.#left,
      proofs: this.#proofs,
      bytes: this.#sent,
      ...more,
    };
  }
}

/** The deadline has passed with parts in flight: they are dropped, and the next call sends them. */
class PastDeadline extends Error {
  override readonly name = 'PastDeadline';
}
