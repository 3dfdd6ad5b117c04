/**
 * Idle buffers beyond this are released, so that a process that has read from many hosts at once becomes small again.
 */
const MOST_IDLE_BYTES = 67_108_864;

/**
 * Returns the largest useful number of part buffers for a number of connections: while a buffer's part is sent, its
 * connection fills another one.
 *
 * Parts that begin together end together, so S3 gets them all at once; with one spare buffer, most connections would
 * then be idle until S3 has stored them. One spare buffer for every two connections keeps 16 busy if S3 accepts parts
 * no faster than 1.25 times the rate at which they arrive.
 */
export function buffersFor(connections: number): number {
  return connections + Math.ceil(connections / 2);
}

const idle = new Map<number, Buffer[]>();
let idleBytes = 0;

/**
 * Returns a buffer for the probe or a part, of exactly this size, with old content.
 *
 * Buffers are used again: memory outside of V8's heap is released only by its garbage collector, and each new buffer of
 * some MiB starts a collection sooner. Small files, with a probe each, would pay for that.
 */
export function takeBuffer(bytes: number): Buffer {
  const buffer = idle.get(bytes)?.pop();
  if (buffer === undefined) return Buffer.allocUnsafeSlow(bytes);
  idleBytes -= bytes;
  return buffer;
}

/**
 * Puts a buffer of `takeBuffer` (or a part of one) back, so that it can be used again. Call it only after success: a
 * failed or aborted operation may still write to the buffer.
 */
export function giveBuffer({ buffer }: Buffer): void {
  const bytes = buffer.byteLength;
  if (idleBytes + bytes > MOST_IDLE_BYTES) return;
  const alike = idle.get(bytes) ?? [];
  alike.push(Buffer.from(buffer as ArrayBuffer));
  idle.set(bytes, alike);
  idleBytes += bytes;
}
