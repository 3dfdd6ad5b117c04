import { abortAfter } from './abandon.ts';
import { completeUpload } from './complete.ts';
import { addCrc32, combineCrc32, crc32ToHex, EMPTY_CRC32 } from './crc32.ts';
import { NotInTimeError, ProofFailedError } from './errors.ts';
import type { Landed } from './landed.ts';
import { type Beginning, ifAbsent, otherWasFaster } from './open.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import { MAX_PARTS } from './parts.ts';
import { algorithmsOf, checkProofs, Hashes } from './proofs.ts';
import type { StoredPart } from './s3/object-store.ts';
import type { Probe } from './source/probe.ts';
import { ResumingStream } from './source/resuming-stream.ts';
import { statedHashes } from './source/stated-hashes.ts';
import { STREAM_BUFFERS, type StreamSchedule, streamSchedule, tooLarge } from './stream-parts.ts';

/** How long a rate is measured before it is held against the deadline. */
const MEASURE_MILLISECONDS = 10_000;

/** A part buffer, and the sending of what it held last. */
interface Slot {
  buffer: Buffer;
  sent: Promise<void>;
}

/**
 * A body that can only be had from its beginning to its end, in this process: parts are cut from it in order, each
 * buffered whole, because S3 may ask for one again.
 */
export class StreamTransfer {
  readonly kind = 'stream';
  /** What the source says; undefined where it doesn't. */
  readonly bytes: number | undefined;
  readonly #beginning: Beginning;
  readonly #body: ResumingStream;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  readonly #schedule: StreamSchedule;
  readonly #hashes: Hashes;
  #read = 0;
  #crc = EMPTY_CRC32;
  #acknowledged = 0;

  static of(beginning: Beginning, probe: Extract<Probe, { kind: 'stream' }>): StreamTransfer {
    return new StreamTransfer(beginning, probe);
  }

  private constructor(beginning: Beginning, probe: Extract<Probe, { kind: 'stream' }>) {
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
    this.#body = new ResumingStream(session, probe, { signal: context.signal, deadline: options.deadline });
  }

  /** Closes the connection. Nothing has been begun at S3 before `run`. */
  async abandon(): Promise<void> {
    this.#stop.abort(new Error('abandoned'));
    this.#body.destroy();
  }

  /**
   * Reads the body to its end and lands it.
   *
   * @throws NotInTimeError where the deadline of the options is not to be kept, StreamBrokenError, SourceChangedError,
   *   TooLargeForOneStreamError, ProofFailedError, ObjectExistsError, UploadVanishedError, StorageError, or the
   *   signal's reason. The upload is aborted before any of them.
   */
  async run(): Promise<Landed> {
    const { context, headers } = this.#beginning;
    const { store, options, session } = context;
    try {
      if (options.deadline !== undefined && this.bytes === undefined) {
        throw new NotInTimeError(`${session.name} doesn't say how long it is, and there is a deadline`, 0);
      }
      const uploadId = await store.createUpload(headers, context.signal);
      return await abortAfter(store, uploadId, async () => {
        await options.onUploadCreated?.(uploadId);
        return await this.#land(uploadId);
      });
    } finally {
      this.#body.destroy();
    }
  }

  async #land(uploadId: string): Promise<Landed> {
    const { context, token, startedAt, head, notes } = this.#beginning;
    const { store, session, expect } = context;
    const parts = await this.#sendParts(uploadId);
    const stated = statedHashes(head);
    const proofs = checkProofs(session.name, expect, stated, {
      bytes: this.#read,
      crc: this.#crc,
      hashes: this.#hashes,
    });
    if (this.#body.sizeProven) proofs.held.unshift('size');
    const completion = { uploadId, token, parts, bytes: this.#read, crc: this.#crc, ifAbsent: ifAbsent(context) };
    const landed = {
      seconds: 0,
      parts: parts.length,
      retries: 0,
      sourceEtag: head.etag,
      sourceLastModified: head.lastModified,
      contentType: this.#beginning.headers.contentType,
      notes: [...notes],
    };
    const ended = async () => ({
      seconds: (Date.now() - startedAt.getTime()) / 1_000,
      retries: session.retries + store.retries,
    });
    if ((await completeUpload(store, completion, context.signal)) === 'exists') {
      const { status, bytes } = await otherWasFaster(context);
      await store.abortUpload(uploadId, context.signal);
      return {
        ...landed,
        ...(await ended()),
        parts: 0,
        status,
        bytes,
        crc32: undefined,
        proofs: { held: [], notChecked: [] },
      };
    }
    proofs.held.push('crc32');
    return { ...landed, ...(await ended()), status: 'landed', bytes: this.#read, crc32: crc32ToHex(this.#crc), proofs };
  }

  /** Cuts parts and sends them, the next one filling while the last ones are under way. */
  async #sendParts(uploadId: string): Promise<StoredPart[]> {
    const slots: Slot[] = Array.from({ length: STREAM_BUFFERS }, () => ({
      buffer: Buffer.alloc(0),
      sent: Promise.resolve(),
    }));
    const parts: StoredPart[] = [];
    const since = Date.now();
    try {
      for (let number = 1, ended = false; !ended; number++) {
        const slot = slots[number % STREAM_BUFFERS] as Slot;
        await slot.sent;
        this.#checkPace(since);
        const { length, crc } = await this.#fillPart(slot);
        ended = length < this.#partBytes(this.#read - length);
        if (length === 0 && number > 1) break;
        if (number > MAX_PARTS) throw this.#tooLong();
        this.#crc = combineCrc32(this.#crc, crc, length);
        slot.sent = this.#send(uploadId, number, slot.buffer.subarray(0, length), crc, parts);
      }
      await Promise.all(slots.map(({ sent }) => sent));
      return parts.sort((one, other) => one.number - other.number);
    } catch (error) {
      // Settle everything before the abort: a part that comes in behind it would stay.
      this.#stop.abort(error);
      await Promise.allSettled(slots.map(({ sent }) => sent));
      throw error;
    }
  }

  /** As the schedule says, but never so much that a last part is asked for beyond what may come. */
  #partBytes(offset: number): number {
    return this.#schedule.partBytesAt(offset);
  }

  async #fillPart(slot: Slot): Promise<{ length: number; crc: number }> {
    const size = this.#partBytes(this.#read);
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
    if (this.#read > this.#schedule.maxBytes) throw this.#tooLong();
    return { length, crc };
  }

  async #send(uploadId: string, number: number, bytes: Buffer, crc: number, parts: StoredPart[]): Promise<void> {
    const { store, options } = this.#beginning.context;
    try {
      parts.push(await store.putPart(uploadId, number, bytes, crc, this.#signal));
    } catch (error) {
      // The reader may be waiting for a slow source: it is not to wait any longer.
      this.#stop.abort(error);
      this.#body.destroy();
      throw error;
    }
    this.#acknowledged += bytes.length;
    options.onProgress?.({ bytes: this.#acknowledged, total: this.bytes });
  }

  /** Past ten seconds the rate is known: what needs more than half of what is left is for a process without a clock. */
  #checkPace(since: number): void {
    const { deadline } = this.#beginning.context.options;
    if (deadline === undefined || this.bytes === undefined) return;
    const elapsed = Date.now() - since;
    const left = deadline.getTime() - Date.now();
    const needed = (elapsed / Math.max(1, this.#read)) * (this.bytes - this.#read);
    if (left > 0 && (elapsed < MEASURE_MILLISECONDS || needed <= left / 2)) return;
    throw new NotInTimeError(
      `${this.#beginning.context.session.name} needs about ${Math.round(needed / 1_000)} s more in one stream, ${Math.round(left / 1_000)} s are left`,
      this.#read,
    );
  }

  #tooLong() {
    const { streamMemoryBytes, maxStreamBytes } = { ...DEFAULT_OPTIONS, ...this.#beginning.context.options };
    return tooLarge(this.#read, streamMemoryBytes, maxStreamBytes);
  }
}
