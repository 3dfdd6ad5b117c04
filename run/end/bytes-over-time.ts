import * as z from 'zod';

/** The diagram on the page has no room for more steps. */
const MOST_STEPS = 240;

export const bytesOverTimeSchema = z.object({
  /** The length of a step. */
  stepMs: z.number().positive(),
  /** Pairs of the number of a step since 1970 and the bytes of that step. Steps without bytes are left out. */
  steps: z.array(z.tuple([z.int(), z.number()])),
});

/**
 * How many bytes arrived when, in at most 240 steps for any span. If the span needs more steps, steps become twice as
 * long. Steps begin at multiples of their length, so that counts of separate processes can be added.
 */
export class BytesOverTime implements z.infer<typeof bytesOverTimeSchema> {
  stepMs = 125;
  #steps = new Map<number, number>();
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  get steps(): [number, number][] {
    return [...this.#steps].toSorted(([one], [other]) => one - other);
  }

  /** Spreads bytes evenly over the time in which they came. */
  add(fromMs: number, toMs: number, bytes: number): void {
    if (bytes <= 0 || !(toMs >= fromMs)) return;
    while ((toMs - fromMs) / this.stepMs > MOST_STEPS) this.#double();
    const span = toMs - fromMs;
    const [first, last] = [this.#stepAt(fromMs), this.#stepAt(toMs)];
    for (let step = first; step <= last; step++) {
      const begin = Math.max(fromMs, step * this.stepMs);
      const end = Math.min(toMs, (step + 1) * this.stepMs);
      this.#put(step, span === 0 ? bytes : (bytes * (end - begin)) / span);
    }
    this.#fit();
  }

  addAll(other: z.infer<typeof bytesOverTimeSchema>): void {
    while (this.stepMs < other.stepMs) this.#double();
    for (const [step, bytes] of other.steps) this.#put(this.#stepAt(step * other.stepMs), bytes);
    this.#fit();
  }

  toJSON(): z.infer<typeof bytesOverTimeSchema> {
    return { stepMs: this.stepMs, steps: this.steps.map(([step, bytes]) => [step, Math.round(bytes)]) };
  }

  #stepAt(ms: number): number {
    return Math.floor(ms / this.stepMs);
  }

  #put(step: number, bytes: number): void {
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + bytes);
    this.#first = Math.min(this.#first, step);
    this.#last = Math.max(this.#last, step);
  }

  #fit(): void {
    while (this.#last - this.#first >= MOST_STEPS) this.#double();
  }

  #double(): void {
    this.stepMs *= 2;
    const before = this.#steps;
    this.#steps = new Map();
    this.#first = Number.POSITIVE_INFINITY;
    this.#last = Number.NEGATIVE_INFINITY;
    for (const [step, bytes] of before) this.#put(Math.floor(step / 2), bytes);
  }
}
