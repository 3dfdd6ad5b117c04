import { abortAfter } from '../abandon.ts';
import { ProofFailedError, TooLargeError } from '../errors.ts';
import type { Landed } from '../landed.ts';
import type { Beginning, LiveTransfer } from '../opening/beginning.ts';
import { DEFAULT_OPTIONS } from '../options.ts';
import { MAX_PARTS } from '../parts/plan.ts';
import { STREAM_BUFFERS, type StreamSchedule, streamSchedule, tooLarge } from '../parts/stream-parts.ts';
import { addCrc32, combineCrc32, EMPTY_CRC32 } from '../proof/crc32.ts';
import { algorithmsOf, Hashes } from '../proof/proofs.ts';
import type { StoredPart } from '../s3/object-store.ts';
import { Pace } from '../source/pace.ts';
import type { Probe } from '../source/probe.ts';
import { ResumingStream } from '../source/resuming-stream.ts';
import { statedHashes } from '../source/stated-hashes.ts';
import { finishUpload } from './finish.ts';

/** A part buffer, and the sending of its last part. */
interface Slot {
  buffer: Buffer;
  sent: Promise<void>;
}

/**
 * A body that can only be read from beginning to end, in this process. It is cut into parts in order, and each part is
 * buffered whole, because S3 may ask for it again.
 */
export class StreamTransfer implements LiveTransfer {
  readonly kind = 'stream';
  /** The length that the source states; undefined if it states none. */
  readonly bytes: number | undefined;
  /** One stream can't be resumed. */
  readonly keptBytes = 0;
  readonly #beginning: Beginning;
  readonly #body: ResumingStream;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  readonly #schedule: StreamSchedule;
  readonly #hashes: Hashes;
  #read = 0;
  #crc = EMPTY_CRC32;
  #acknowledged = 0;

  constructor(beginning: Beginning, probe: Extract<Probe, { kind: 'stream' }>) {
    const { context, head } = beginning;
    const { options, session, expect } = context;
    this.#beginning = beginning;
    this.bytes = head.contentLength;
    this.#schedule = streamSchedule(head.contentLength ?? expect.bytes, {
      smallest: context.partBytes,
      memoryBytes: options.streamMemoryBytes ?? DEFAULT_OPTIONS.streamMemoryBytes,
      maxBytes: options.maxStreamBytes ?? DEFAULT_OPTIONS.maxStreamBytes,
    });
    this.#hashes = new Hashes(algorithmsOf(expect, statedHashes(head)));
    this.#stop = new AbortController();
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal]);
    this.#body = new ResumingStream(session, probe, { signal: this.#signal, deadline: options.deadline });
  }

  async abandon(): Promise<void> {
    this.#stop.abort(new Error('abandoned'));
    this.#body.destroy();
  }

  async run(): Promise<Landed> {
    const { context, headers } = this.#beginning;
    const { store, options } = context;
    const pace = new Pace(context.session.name, options.deadline, this.bytes);
    const clock = pace.clock(
      () => this.#body.offset,
      (error) => {
        this.#stop.abort(error);
        this.#body.destroy();
      },
    );
    try {
      pace.begin();
      const uploadId = await store.createUpload(headers, context.signal);
      return await abortAfter(store, uploadId, async () => {
        await options.onUploadCreated?.(uploadId);
        return await this.#land(uploadId, pace);
      });
    } finally {
      clearTimeout(clock);
      this.#body.destroy();
    }
  }

  async #land(uploadId: string, pace: Pace): Promise<Landed> {
    const parts = await this.#sendParts(uploadId, pace);
    return finishUpload(this.#beginning, {
      uploadId,
      parts,
      bytes: this.#read,
      crc: this.#crc,
      hashes: this.#hashes,
      sizeProven: this.#body.sizeProven,
    });
  }

  /** Cuts parts and sends them; the next part is filled while the last ones are sent. */
  async #sendParts(uploadId: string, pace: Pace): Promise<StoredPart[]> {
    const slots: Slot[] = Array.from({ length: STREAM_BUFFERS }, () => ({
      buffer: Buffer.alloc(0),
      sent: Promise.resolve(),
    }));
    const parts: StoredPart[] = [];
    try {
      for (let number = 1, ended = false; !ended; number++) {
        const slot = slots[number % STREAM_BUFFERS] as Slot;
        await slot.sent;
        pace.check(this.#read);
        const { length, crc } = await this.#fillPart(slot);
        ended = length < this.#schedule.partBytesAt(this.#read - length);
        if (length === 0 && number > 1) break;
        if (number > MAX_PARTS) throw this.#tooLong();
        this.#crc = combineCrc32(this.#crc, crc, length);
        slot.sent = this.#send(uploadId, number, slot.buffer.subarray(0, length), crc, parts);
        // The next user of the slot, or the end, throws this error; the reader may be filling another slot at the time.
        slot.sent.catch(() => {});
      }
      await Promise.all(slots.map(({ sent }) => sent));
      return parts.sort((one, other) => one.number - other.number);
    } catch (error) {
      // All parts settle before the abort, because a part that arrives after it would remain. If a part failed, it has
      // stopped the reader, so its error is thrown and not the reader's.
      const first: unknown = this.#stop.signal.aborted ? this.#stop.signal.reason : error;
      this.#stop.abort(error);
      await Promise.allSettled(slots.map(({ sent }) => sent));
      throw first;
    }
  }

  async #fillPart(slot: Slot): Promise<{ length: number; crc: number }> {
    const size = this.#schedule.partBytesAt(this.#read);
    if (slot.buffer.length < size) slot.buffer = Buffer.allocUnsafeSlow(size);
    let crc = EMPTY_CRC32;
    const length = await this.#body.fill(slot.buffer.subarray(0, size), (piece) => {
      crc = addCrc32(crc, piece);
      this.#hashes.update(piece);
    });
    this.#read += length;
    const expected = this.#beginning.context.expect.bytes;
    if (expected !== undefined && this.#read > expected) {
      throw new ProofFailedError(
        this.#beginning.context.session.name,
        'expect.bytes',
        expected,
        `${this.#read} or more`,
      );
    }
    const { maxBytes = Number.POSITIVE_INFINITY } = this.#beginning.context.options;
    if (this.#read > maxBytes) {
      throw new TooLargeError(`${this.#beginning.context.session.name} has more than the allowed ${maxBytes} bytes`);
    }
    if (this.#read > this.#schedule.maxBytes) throw this.#tooLong();
    return { length, crc };
  }

  async #send(uploadId: string, number: number, bytes: Buffer, crc: number, parts: StoredPart[]): Promise<void> {
    const { store, options } = this.#beginning.context;
    try {
      parts.push(await store.putPart(uploadId, number, bytes, crc, this.#signal));
      this.#acknowledged += bytes.length;
      await options.onProgress?.({ bytes: this.#acknowledged, total: this.bytes });
    } catch (error) {
      // The reader may be waiting for a slow source, and must stop waiting.
      this.#stop.abort(error);
      this.#body.destroy();
      throw error;
    }
  }

  #tooLong() {
    const { streamMemoryBytes, maxStreamBytes } = { ...DEFAULT_OPTIONS, ...this.#beginning.context.options };
    return tooLarge(this.#read, streamMemoryBytes, maxStreamBytes);
  }
}
