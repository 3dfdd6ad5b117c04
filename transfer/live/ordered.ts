import { abortAfter } from '../abandon.ts';
import { SourceChangedError } from '../errors.ts';
import type { Landed } from '../landed.ts';
import { type Beginning, type LiveTransfer, stateOf } from '../opening/beginning.ts';
import { buffersFor, giveBuffer, takeBuffer } from '../parts/buffers.ts';
import { pipePart } from '../parts/pipe-part.ts';
import { type PartPlan, type PartRange, partRange, planParts } from '../parts/plan.ts';
import { addCrc32, combineCrc32, crc32ToHex, EMPTY_CRC32 } from '../proof/crc32.ts';
import { algorithmsOf, Hashes } from '../proof/proofs.ts';
import type { StoredPart } from '../s3/object-store.ts';
import type { WriteBody } from '../s3/transport.ts';
import { Pace } from '../source/pace.ts';
import type { Probe } from '../source/probe.ts';
import { fetchRange } from '../source/range-reader.ts';
import { statedHashes } from '../source/stated-hashes.ts';
import { differenceFrom } from '../source/validators.ts';
import type { TransferState } from '../state.ts';
import { finishUpload } from './finish.ts';

type Ranges = Extract<Probe, { kind: 'ranges' }>;

/** The signal and, in `hashed`, the turn of a part, which resolves when all earlier parts are hashed. */
interface Turn {
  readonly before: Promise<void>;
  pass(): void;
}

/**
 * A source with ranges for which a hash of the whole file is expected: several ranges are read at once into a window of
 * buffers, and hashed one after the other.
 */
export class OrderedTransfer implements LiveTransfer {
  readonly kind = 'stream';
  readonly bytes: number;
  keptBytes = 0;
  readonly #beginning: Beginning;
  readonly #probe: Ranges;
  readonly #plan: PartPlan;
  readonly #parts: StoredPart[] = [];
  readonly #pace: Pace;
  /** The parts that an earlier process has sent for the resumed upload. */
  #standing = new Map<number, StoredPart>();
  #hashes: Hashes;
  #next = 1;
  #lastTurn: Promise<void> = Promise.resolve();
  #read = 0;
  #acknowledged = 0;

  constructor(beginning: Beginning, probe: Ranges) {
    const { expect, partBytes, session, options } = beginning.context;
    this.#beginning = beginning;
    this.#probe = probe;
    this.bytes = probe.pins.total;
    this.#plan = planParts(this.bytes, partBytes);
    this.#hashes = new Hashes(algorithmsOf(expect, statedHashes(probe.head)));
    this.#pace = new Pace(session.name, options.deadline, this.bytes);
  }

  async abandon(): Promise<void> {
    this.#probe.first.destroy();
  }

  async run(): Promise<Landed> {
    try {
      return await this.#run();
    } finally {
      this.#probe.first.destroy();
    }
  }

  async #run(): Promise<Landed> {
    const { context, headers } = this.#beginning;
    const { store, options, signal } = context;
    const { resume } = options;
    const uploadId = resume?.uploadId ?? (await store.createUpload(headers, signal));
    return abortAfter(store, uploadId, async () => {
      if (resume !== undefined) await this.#resume(resume);
      else {
        await options.onUploadCreated?.(uploadId, stateOf(this.#beginning, this.#probe.pins, uploadId, this.#plan));
      }
      await this.#sendParts(uploadId);
      const parts = this.#parts.sort((one, other) => one.number - other.number);
      const crc = parts.reduce((whole, part) => combineCrc32(whole, part.crc as number, part.bytes), EMPTY_CRC32);
      // The object's metadata contain the token with which its upload was created.
      const beginning = { ...this.#beginning, token: resume?.token ?? this.#beginning.token };
      return finishUpload(beginning, {
        uploadId,
        parts,
        bytes: this.bytes,
        crc,
        hashes: this.#hashes,
        sizeProven: true,
      });
    });
  }

  /** Node can't save a hash's state, so all bytes are read again; but parts that S3 has are not sent again. */
  async #resume(resume: TransferState): Promise<void> {
    const { context, head } = this.#beginning;
    const difference = differenceFrom(resume.pins, head, this.bytes);
    if (difference !== undefined || resume.partBytes !== this.#plan.partBytes) {
      throw new SourceChangedError(`${context.session.name} is another version by now: ${difference}`, resume.pins);
    }
    const parts = await context.store.listParts(resume.uploadId, 1, this.#plan.count, context.signal);
    this.#standing = new Map(parts.map((part) => [part.number, part]));
  }

  async #sendParts(uploadId: string): Promise<void> {
    const { signal: outer, connections, bufferBytes } = this.#beginning.context;
    const stop = new AbortController();
    const signal = AbortSignal.any([outer, stop.signal]);
    // A part that is larger than a buffer is hashed while it is sent, so only one is sent at a time.
    const workers = this.#plan.partBytes > bufferBytes ? 1 : Math.min(buffersFor(connections), this.#plan.count);
    let failed: { error: unknown } | undefined;
    const fail = (error: unknown) => {
      failed ??= { error };
      stop.abort(error);
    };
    const work = () => this.#work(uploadId, signal).catch(fail);
    const clock = this.#pace.clock(() => this.#read, fail);
    await Promise.all(Array.from({ length: workers }, work));
    clearTimeout(clock);
    outer.throwIfAborted();
    if (failed !== undefined) throw failed.error;
  }

  async #work(uploadId: string, signal: AbortSignal): Promise<void> {
    let buffer: Buffer | undefined;
    while (this.#next <= this.#plan.count) {
      this.#pace.check(this.#read);
      const range = partRange(this.#plan, this.#next++);
      const turn = this.#takeTurn();
      try {
        buffer ??= takeBuffer(Math.min(this.#beginning.context.bufferBytes, this.bytes));
        const part = await (range.length <= buffer.length
          ? this.#buffered(uploadId, range, buffer, turn, signal)
          : this.#piped(uploadId, range, buffer, signal));
        this.#parts.push(part);
        this.#acknowledged += part.bytes;
        await this.#beginning.context.options.onProgress?.({ bytes: this.#acknowledged, total: this.bytes });
      } finally {
        turn.pass();
      }
    }
    if (buffer !== undefined) giveBuffer(buffer);
  }

  #takeTurn(): Turn {
    const before = this.#lastTurn;
    let pass = () => {};
    this.#lastTurn = new Promise((resolve) => {
      pass = resolve;
    });
    return { before, pass: () => pass() };
  }

  async #buffered(
    uploadId: string,
    range: PartRange,
    buffer: Buffer,
    turn: Turn,
    signal: AbortSignal,
  ): Promise<StoredPart> {
    const { context } = this.#beginning;
    const target = buffer.subarray(0, range.length);
    let crc = EMPTY_CRC32;
    const onBytes = (piece: Uint8Array) => {
      crc = addCrc32(crc, piece);
      this.#read += piece.length;
    };
    let head = 0;
    if (range.number === 1) {
      const { bytes } = await this.#probe.first.read(signal);
      target.set(bytes);
      head = bytes.length;
      onBytes(target.subarray(0, head));
      giveBuffer(bytes);
    }
    const { session, options } = context;
    const { pins } = this.#probe;
    const rest = { offset: range.offset + head, target: target.subarray(head) };
    await fetchRange(session, { pins, ...rest, onBytes, signal, deadline: options.deadline });
    await turn.before;
    // An earlier part may have failed: then this part's turn came without the bytes of the earlier one.
    signal.throwIfAborted();
    this.#hashes.update(target);
    turn.pass();
    return (
      this.#standsAlready(range, crc) ?? (await context.store.putPart(uploadId, range.number, target, crc, signal))
    );
  }

  async #piped(uploadId: string, range: PartRange, buffer: Buffer, signal: AbortSignal): Promise<StoredPart> {
    const { session, store, options } = this.#beginning.context;
    const head = range.number === 1 ? (await this.#probe.first.read(signal)).bytes : undefined;
    const before = this.#hashes;
    const readBefore = this.#read;
    const pieces = (write: WriteBody) => {
      // Each attempt hashes the part from its beginning.
      const hashes = before.copy();
      this.#hashes = hashes;
      this.#read = readBefore;
      const onBytes = (piece: Uint8Array) => {
        hashes.update(piece);
        this.#read += piece.length;
      };
      const { pins } = this.#probe;
      return pipePart({ session, pins, range, buffer, head, onBytes, signal, deadline: options.deadline }, write);
    };
    if (this.#standing.has(range.number)) {
      const standing = this.#standsAlready(range, await pieces(async () => {}));
      if (standing !== undefined) return standing;
    }
    return store.putPipedPart(uploadId, range.number, range.length, pieces, signal);
  }

  #standsAlready({ number, length }: PartRange, crc: number): StoredPart | undefined {
    const part = this.#standing.get(number);
    if (part?.bytes !== length || part.crc === undefined) return undefined;
    if (crc32ToHex(part.crc) !== crc32ToHex(crc)) return undefined;
    this.keptBytes += length;
    return part;
  }
}
