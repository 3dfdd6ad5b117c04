import type { Pins } from '../errors.ts';
import { addCrc32, EMPTY_CRC32 } from '../proof/crc32.ts';
import type { WriteBody } from '../s3/transport.ts';
import { RangeReader } from '../source/range-reader.ts';
import type { SourceSession } from '../source/session.ts';
import type { PartRange } from './plan.ts';

/** A part that is larger than a buffer, sent through one. */
export interface PipedPart {
  readonly session: SourceSession;
  readonly pins: Pins;
  readonly range: PartRange;
  /** Its two halves alternate: one is filled while the other is sent. */
  readonly buffer: Uint8Array;
  /** The part's first bytes, if they were read already. */
  readonly head?: Uint8Array | undefined;
  readonly onBytes?: ((piece: Uint8Array) => void) | undefined;
  readonly signal: AbortSignal;
  readonly deadline?: Date | undefined;
}

/**
 * Reads a part and writes it as it arrives. After a fault of the source, only the missing bytes are requested again.
 *
 * @returns the CRC-32 of the part.
 * @throws what `RangeReader.fill` and `write` throw; nothing is read afterwards.
 */
export async function pipePart(part: PipedPart, write: WriteBody): Promise<number> {
  const { range, buffer, head = new Uint8Array(0) } = part;
  const stop = new AbortController();
  const signal = AbortSignal.any([part.signal, stop.signal]);
  let crc = EMPTY_CRC32;
  const onBytes = (piece: Uint8Array) => {
    crc = addCrc32(crc, piece);
    part.onBytes?.(piece);
  };
  const { session, pins, deadline } = part;
  const wanted = { pins, offset: range.offset + head.length, length: range.length - head.length, signal, deadline };
  const reader = new RangeReader(session, wanted);
  const half = Math.floor(buffer.length / 2);
  let left = wanted.length;
  let turn = 0;
  const read = async (): Promise<Uint8Array | undefined> => {
    const length = Math.min(half, left);
    if (length === 0) return undefined;
    const target = buffer.subarray(turn * half, turn * half + length);
    turn = 1 - turn;
    left -= length;
    await reader.fill(target, onBytes);
    return target;
  };
  const readNext = () => {
    const piece = read();
    // Its error is thrown when it is awaited; before that, a write is under way and may fail first.
    piece.catch(() => {});
    return piece;
  };
  onBytes(head);
  let next = readNext();
  try {
    await write(head);
    for (let piece = await next; piece !== undefined; piece = await next) {
      next = readNext();
      await write(piece);
    }
    return crc;
  } catch (error) {
    stop.abort(error);
    await next.catch(() => {});
    throw error;
  } finally {
    reader.destroy();
  }
}
