import { NotInTimeError } from '../errors.ts';

/** How long a rate is measured before it is held against the deadline. */
const MEASURE_MILLISECONDS = 10_000;

/** Tells early whether what can't be divided among processes will be done in time. */
export class Pace {
  readonly #name: string;
  readonly #deadline: Date | undefined;
  readonly #total: number | undefined;
  readonly #since = Date.now();

  constructor(name: string, deadline: Date | undefined, total: number | undefined) {
    this.#name = name;
    this.#deadline = deadline;
    this.#total = total;
  }

  /** @throws NotInTimeError where there is a deadline, and nothing to measure against it. */
  begin(): void {
    if (this.#deadline !== undefined && this.#total === undefined) {
      throw new NotInTimeError(`${this.#name} doesn't say how long it is, and there is a deadline`, 0);
    }
  }

  /**
   * Past ten seconds the rate is known: what needs more than half of the time left is for a process without a clock.
   *
   * @throws NotInTimeError
   */
  check(bytes: number): void {
    if (this.#deadline === undefined || this.#total === undefined) return;
    const elapsed = Date.now() - this.#since;
    const left = this.#deadline.getTime() - Date.now();
    const needed = (elapsed / Math.max(1, bytes)) * (this.#total - bytes);
    if (left > 0 && (elapsed < MEASURE_MILLISECONDS || needed <= left / 2)) return;
    throw new NotInTimeError(
      `${this.#name} needs about ${Math.ceil(needed / 1_000)} s more in one process, and ${Math.round(left / 1_000)} s are left`,
      bytes,
    );
  }
}
