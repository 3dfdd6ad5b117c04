import type { Context } from '../context.ts';
import { giveBuffer, takeBuffer } from '../parts/buffers.ts';
import { pipePart } from '../parts/pipe-part.ts';
import type { PartRange } from '../parts/plan.ts';
import type { WriteBody } from '../s3/transport.ts';
import type { Probe } from '../source/probe.ts';

/** The first part of a new upload: the probe has requested the whole part, or its beginning. */
export class FirstPart {
  readonly range: PartRange;
  readonly #context: Context;
  readonly #probe: Extract<Probe, { kind: 'ranges' }>;
  readonly #uploadId: string;

  constructor(
    context: Context,
    probe: Extract<Probe, { kind: 'ranges' }>,
    { uploadId, range }: { uploadId: string; range: PartRange },
  ) {
    this.#context = context;
    this.#probe = probe;
    this.#uploadId = uploadId;
    this.range = range;
  }

  /**
   * Reads it and sends it.
   *
   * @returns its CRC-32.
   * @throws what `RangeReader.fill` and `putPart` throw.
   */
  async send(signal: AbortSignal): Promise<number> {
    const { session, store, options, bufferBytes } = this.#context;
    const { pins, first } = this.#probe;
    const { number, length } = this.range;
    const { bytes: head, crc } = await first.read(signal);
    if (head.length === length) {
      await store.putPart(this.#uploadId, number, head, crc, signal);
      giveBuffer(head);
      return crc;
    }
    const buffer = takeBuffer(bufferBytes);
    const piped = { session, pins, range: this.range, buffer, head, signal, deadline: options.deadline };
    const pieces = (write: WriteBody) => pipePart(piped, write);
    const { crc: whole } = await store.putPipedPart(this.#uploadId, number, length, pieces, signal);
    giveBuffer(buffer);
    giveBuffer(head);
    return whole;
  }

  /** Closes the connection from which it would be read. */
  destroy(): void {
    this.#probe.first.destroy();
  }
}
