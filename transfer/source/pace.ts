import { timerMilliseconds } from '#net/wait.ts';
import { NotInTimeError } from '../errors.ts';

/** How long a rate is measured before it is compared with the deadline. */
const MEASURE_MILLISECONDS = 10_000;

/** Decides early whether a transfer that can't be divided among processes will end in time. */
export class Pace {
  readonly #name: string;
  readonly #deadline: Date | undefined;
  readonly #total: number | undefined;
  #since = Date.now();

  constructor(name: string, deadline: Date | undefined, total: number | undefined) {
    this.#name = name;
    this.#deadline = deadline;
    this.#total = total;
  }

  /** @throws NotInTimeError if there is a deadline, and nothing can be measured. */
  begin(): void {
    if (this.#deadline !== undefined && this.#total === undefined) {
      throw new NotInTimeError(`${this.#name} does not state its length, so it can't be read before a deadline`, 0);
    }
  }

  /**
   * Calls back at the deadline, if there is one, which may come in the middle of a part.
   *
   * @param read returns the number of bytes read by then.
   */
  clock(read: () => number, late: (error: NotInTimeError) => void): NodeJS.Timeout | undefined {
    if (this.#deadline === undefined) return undefined;
    const onDeadline = () => late(new NotInTimeError(`${this.#name} was not read by the deadline`, read()));
    return setTimeout(onDeadline, timerMilliseconds(this.#deadline.getTime() - Date.now()));
  }

  /**
   * After ten seconds the rate is known. A transfer that needs more than half of the remaining time is left to a
   * process without a deadline.
   *
   * @throws NotInTimeError
   */
  check(bytes: number): void {
    if (this.#deadline === undefined) return;
    const left = this.#deadline.getTime() - Date.now();
    if (left <= 0) throw new NotInTimeError(`${this.#name} was not read by the deadline`, bytes);
    if (this.#total === undefined) return;
    // The time before the first byte does not show the speed.
    if (bytes === 0) this.#since = Date.now();
    const elapsed = Date.now() - this.#since;
    const needed = (elapsed / Math.max(1, bytes)) * (this.#total - bytes);
    if (elapsed < MEASURE_MILLISECONDS || needed <= left / 2) return;
    throw new NotInTimeError(
      `${this.#name} needs about ${Math.ceil(needed / 1_000)} s more in one process, and ${Math.round(left / 1_000)} s are left`,
      bytes,
    );
  }
}
