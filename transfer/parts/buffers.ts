/**
 * Idle buffers beyond this are released, so that a process that has read from many hosts at once becomes small again.
 */
const MOST_IDLE_BYTES = 67_108_864;

/**
 * Returns the largest useful number of part buffers for a number of connections: while a buffer's part is sent, its
 * connection fills another one.
 *
 * A connection that waits for a buffer loses little, because the kernel takes the source's bytes meanwhile. So one
 * spare buffer for every four connections is enough. Measured with a source of 25 MB/s for each connection and an S3
 * that answers each part after 150 ms: 256 MiB needed the same time with five buffers of 7 MiB as with six of 5 MiB.
 */
export function buffersFor(connections: number): number {
  return connections + Math.ceil(connections / 4);
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
