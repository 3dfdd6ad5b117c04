import type { Pins } from '../errors.ts';
import { addCrc32, EMPTY_CRC32 } from '../proof/crc32.ts';
import type { WriteBody } from '../s3/transport.ts';
import { fetchRange } from '../source/fetch-range.ts';
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
 * Reads a part as consecutive small ranges, and writes it as it arrives. A range that fails is requested again alone.
 *
 * @returns the CRC-32 of the part.
 * @throws what `fetchRange` and `write` throw; nothing is read afterwards.
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
  const half = Math.floor(buffer.length / 2);
  let offset = head.length;
  let turn = 0;
  const read = async (): Promise<Uint8Array | undefined> => {
    const length = Math.min(half, range.length - offset);
    if (length === 0) return undefined;
    const target = buffer.subarray(turn * half, turn * half + length);
    turn = 1 - turn;
    const from = range.offset + offset;
    offset += length;
    const { session, pins, deadline } = part;
    await fetchRange(session, { pins, offset: from, target, onBytes, signal, deadline });
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
  }
}
