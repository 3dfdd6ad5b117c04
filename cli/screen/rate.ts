/** Bytes and times older than this don't count. */
const WINDOW_SECONDS = 10;

/** Bytes a second over the last ten seconds, from a counter that only grows. */
export class Rate {
  readonly #points: { readonly at: number; readonly bytes: number }[] = [];

  /** @param now seconds of any clock that only goes forward. */
  add(bytes: number, now = performance.now() / 1_000): void {
    this.#points.push({ at: now, bytes });
    while ((this.#points[1]?.at ?? now) < now - WINDOW_SECONDS) this.#points.shift();
  }

  /** @returns undefined before there are two points at different times. */
  get bytesPerSecond(): number | undefined {
    const first = this.#points[0];
    const last = this.#points.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return (last.bytes - first.bytes) / (last.at - first.at);
  }
}
