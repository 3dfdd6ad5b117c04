/** Idle buffers beyond this go: a process that has read from many hosts at once shall not stay as large as it was then. */
const MOST_IDLE_BYTES = 67_108_864;

/**
 * The most part buffers that go with so many connections: while a buffer's part is sent, its connection reads on into another.
 *
 * Parts that begin together end together, and S3 gets them all at once; one spare buffer then leaves most connections
 * idle until S3 has them. One for every second connection keeps 16 busy at an S3 that takes parts no faster than 1.25
 * times the rate at which they come.
 */
export function buffersFor(connections: number): number {
  return connections + Math.ceil(connections / 2);
}

const idle = new Map<number, Buffer[]>();
let idleBytes = 0;

/**
 * A buffer for the probe or a part, of exactly this size, with whatever was in it before.
 *
 * They are used again: memory outside of V8's heap is given back only when its garbage collector comes round, and each
 * new buffer of some MiB brings it round sooner, which small files, a probe each, would pay for.
 */
export function takeBuffer(bytes: number): Buffer {
  const buffer = idle.get(bytes)?.pop();
  if (buffer === undefined) return Buffer.allocUnsafeSlow(bytes);
  idleBytes -= bytes;
  return buffer;
}

/**
 * Gives a buffer of `takeBuffer` back, or a part of one that stands for it. Only after success: what failed or was
 * aborted may still have a hand in it.
 */
export function giveBuffer({ buffer }: Buffer): void {
  const bytes = buffer.byteLength;
  if (idleBytes + bytes > MOST_IDLE_BYTES) return;
  const alike = idle.get(bytes) ?? [];
  alike.push(Buffer.from(buffer as ArrayBuffer));
  idle.set(bytes, alike);
  idleBytes += bytes;
}
