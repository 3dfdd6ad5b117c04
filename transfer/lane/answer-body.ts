/**
 * A body that is read into the reader's own buffers, with no queue in between: bytes that no read requests stay in the
 * socket.
 */
export interface AnswerBody {
  /**
   * Fills `target` from its start.
   *
   * @param onBytes receives the bytes in order, in pieces of 128 KiB or more while they are still in the processor's
   * cache, what a slow source has sent twice a second, and the rest before the promise settles.
   * @returns the bytes written: fewer than `target` has room for only if the body ended, which its framing has proven
   * unless it has none.
   * @throws SourceFaultError if the connection broke, stalled or was too slow. The bytes that arrived before are in
   * `target` and were passed to `onBytes`.
   */
  fill(target: Uint8Array, onBytes?: (piece: Uint8Array) => void): Promise<number>;
  /** Closes the connection without reading the rest. It does no harm after the end. */
  destroy(): void;
}
