import { timerMilliseconds } from '#net/wait.ts';
import type { Context } from './context.ts';
import { SourceAsksToWaitError, UploadVanishedError } from './errors.ts';
import type { FirstPart } from './opening/first-part.ts';
import type { OnProgress } from './options.ts';
import { PartBuffers } from './parts/part-buffers.ts';
import { pipePart } from './parts/pipe-part.ts';
import { type PartRange, partRange, type Slice } from './parts/plan.ts';
import { addCrc32, crc32ToHex, EMPTY_CRC32 } from './proof/crc32.ts';
import type { StoredPart } from './s3/object-store.ts';
import type { WriteBody } from './s3/transport.ts';
import { RangeReader } from './source/range-reader.ts';
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

/** A run of parts, which one request reads, takes about this time. */
const RUN_MILLISECONDS = 2_000;
/** A run that lasts so long is divided again: its connection has become slow, or S3 has. */
const LATE_MILLISECONDS = 2 * RUN_MILLISECONDS;
/** In a run of 16 parts, the request costs little compared with the parts, and more parts would save almost nothing. */
const MOST_PARTS_OF_A_RUN = 16;

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
  options: SliceOptions,
  first?: FirstPart,
): Promise<Omit<SliceOutcome, 'retries'>> {
  const { signal } = options;
  const outer = signal === undefined ? context.signal : AbortSignal.any([context.signal, signal]);
  try {
    return await new SliceRun(context, state, outer, options, first).go(slice);
  } catch (error) {
    if (outer.aborted) throw outer.reason;
    throw error;
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
  readonly #buffers: PartBuffers;
  readonly #proofs: PartProof[] = [];
  #todo: PartRange[] = [];
  #left = 0;
  #sent = 0;
  #acknowledged = 0;
  #total = 0;
  #slowestMilliseconds = 0;
  /** Connections that read now. */
  #readers = 0;
  #error: unknown;
  /** All work under way, and the work that has ended. */
  readonly #work: Promise<void>[] = [];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  constructor(
    context: Context,
    state: TransferState,
    outer: AbortSignal,
    { deadline, onProgress }: SliceOptions,
    first?: FirstPart,
  ) {
    this.#context = context;
    this.#state = state;
    this.#deadline = deadline;
    this.#onProgress = onProgress;
    this.#first = first;
    this.#signal = AbortSignal.any([outer, this.#stop.signal]);
    const { bufferBytes, connections } = context;
    this.#buffers = new PartBuffers(Math.min(bufferBytes, state.total), connections, this.#signal);
  }

  async go(slice: Slice): Promise<Omit<SliceOutcome, 'retries'>> {
    const clock =
      this.#deadline === undefined
        ? undefined
        : setTimeout(
            () => this.#stop.abort(new PastDeadline()),
            timerMilliseconds(this.#deadline.getTime() - Date.now()),
          );
    try {
      await this.#findTodo(slice);
      if (this.#first) this.#begin(this.#readParts(this.#first));
      this.#beginReaders();
      // This also waits for the work that is begun meanwhile.
      for (const work of this.#work) await work;
      if (this.#error !== undefined) throw this.#error;
      this.#buffers.giveBack();
      return this.#outcome({});
    } catch (error) {
      if (error instanceof PastDeadline) return this.#outcome({});
      if (error instanceof SourceAsksToWaitError) return this.#outcome({ waitUntil: error.waitUntil });
      if (error instanceof UploadVanishedError) return this.#outcome({ vanished: true });
      throw error;
    } finally {
      clearTimeout(clock);
    }
  }

  /** The first error ends all other work. */
  #begin(work: Promise<void>): void {
    const ended = work.catch((error: unknown) => {
      this.#error ??= error;
      this.#stop.abort(error);
    });
    this.#work.push(ended);
  }

  async #findTodo({ first, last }: Slice): Promise<void> {
    const plan = planOf(this.#state);
    const { store } = this.#context;
    const listed = this.#first ? [] : await store.listParts(this.#state.uploadId, first, last, this.#signal);
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

  /** Begins as many connections as there are parts for. */
  #beginReaders(): void {
    const parts = this.#todo.length;
    for (let begun = 0; begun < parts && this.#readers < this.#context.connections; begun++)
      this.#begin(this.#readParts());
  }

  /** The work of one connection to the source. */
  async #readParts(first?: FirstPart): Promise<void> {
    this.#readers += 1;
    try {
      if (first)
        await this.#buffers.withOwnBuffer(async () => this.#landed(first.range, await first.send(this.#signal)));
      await this.#readRuns();
    } finally {
      this.#readers -= 1;
    }
  }

  /** Reads parts in runs, until none is left. Each part is sent while the next one is read. */
  async #readRuns(): Promise<void> {
    let partMilliseconds = Number.POSITIVE_INFINITY;
    for (;;) {
      const run = this.#takeRun(partMilliseconds);
      const [head, last] = [run[0], run.at(-1)];
      if (head === undefined || last === undefined) return;
      const { session, bufferBytes } = this.#context;
      const wanted = { offset: head.offset, length: last.offset + last.length - head.offset };
      const { pins } = this.#state;
      const reader = new RangeReader(session, { pins, ...wanted, signal: this.#signal, deadline: this.#deadline });
      const late = performance.now() + LATE_MILLISECONDS;
      try {
        for (let part = run.shift(); part !== undefined; part = run.shift()) {
          if (!this.#hasTime()) return;
          if (part.length > bufferBytes) await this.#pipe(part);
          else {
            const since = performance.now();
            if (!(await this.#readPart(reader, part))) return;
            partMilliseconds = performance.now() - since;
          }
          if (run.length > 0 && performance.now() > late) {
            // Other connections may be faster, and other files may be waiting for a connection to the host.
            this.#todo.unshift(...run.splice(0));
            this.#beginReaders();
          }
        }
      } finally {
        reader.destroy();
      }
    }
  }

  /**
   * Takes the next consecutive parts, for one request. A request has a cost for the source and for the engine, and each
   * one waits for an answer. But a run must not be long: others may be waiting for a connection to the host, and at the
   * end of a slice all connections have to finish together.
   *
   * @param partMilliseconds in which the connection has read its last part, with the wait for a buffer.
   */
  #takeRun(partMilliseconds: number): PartRange[] {
    const todo = this.#todo;
    const left = (this.#deadline?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
    const most = Math.min(
      Math.floor(Math.min(RUN_MILLISECONDS, left) / partMilliseconds),
      Math.ceil(todo.length / (2 * this.#context.connections)),
      MOST_PARTS_OF_A_RUN,
    );
    let parts = Math.min(1, todo.length);
    while (parts < most && todo[parts]?.number === (todo[parts - 1]?.number ?? 0) + 1) parts += 1;
    return todo.splice(0, parts);
  }

  /** Reads a part into a buffer, and begins to send it. @returns false if there is no time for it any more. */
  async #readPart(reader: RangeReader, part: PartRange): Promise<boolean> {
    const buffer = await this.#bufferFor(reader, part);
    if (!this.#hasTime()) {
      this.#buffers.give(buffer);
      return false;
    }
    const target = buffer.subarray(0, part.length);
    let crc = EMPTY_CRC32;
    const since = performance.now();
    await reader.fill(target, (piece) => {
      crc = addCrc32(crc, piece);
    });
    const milliseconds = performance.now() - since;
    // The next part begins before S3 has stored this one.
    this.#slowestMilliseconds = Math.max(this.#slowestMilliseconds, milliseconds);
    this.#begin(this.#sendPart(part, target, crc, milliseconds));
    return true;
  }

  async #bufferFor(reader: RangeReader, part: PartRange): Promise<Buffer> {
    const { session } = this.#context;
    if (!reader.begun) {
      const buffer = await this.#buffers.take();
      if (!session.hasToQueue) return buffer;
      // Connections that already read need the buffer meanwhile.
      this.#buffers.give(buffer);
      await reader.begin(part.length);
    }
    const now = this.#buffers.takeNow();
    if (now !== undefined) return now;
    // S3 has all buffers, for seconds if it is slow. Another file must not wait so long for a connection to the host.
    const forget = session.whenOthersWait(() => reader.release());
    try {
      return await this.#buffers.take();
    } finally {
      forget();
    }
  }

  async #sendPart(part: PartRange, bytes: Buffer, crc: number, readMilliseconds: number): Promise<void> {
    const since = performance.now();
    await this.#context.store.putPart(this.#state.uploadId, part.number, bytes, crc, this.#signal);
    const milliseconds = performance.now() - since;
    // If the source is slower, none of its connections may wait for S3, so a buffer is added. If S3 is slower, another
    // buffer would only stay full.
    if (readMilliseconds > milliseconds) this.#buffers.addOne();
    this.#slowestMilliseconds = Math.max(this.#slowestMilliseconds, readMilliseconds + milliseconds);
    await this.#landed(part, crc);
    this.#buffers.give(bytes);
  }

  /** Sends a part that is larger than a buffer while it is read. */
  async #pipe(range: PartRange): Promise<void> {
    const { session, store } = this.#context;
    const { pins, uploadId } = this.#state;
    const buffer = await this.#buffers.take();
    const since = performance.now();
    const piped = { session, pins, range, buffer, signal: this.#signal, deadline: this.#deadline };
    const pieces = (write: WriteBody) => pipePart(piped, write);
    const { crc } = await store.putPipedPart(uploadId, range.number, range.length, pieces, this.#signal);
    this.#slowestMilliseconds = Math.max(this.#slowestMilliseconds, performance.now() - since);
    await this.#landed(range, crc);
    this.#buffers.give(buffer);
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
