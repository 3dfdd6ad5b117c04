import { InvalidInputError } from '#run/errors.ts';
import { explain } from '../explain.ts';
import { problemSentence } from '../screen/problem-text.ts';
import { UsageError } from '../usage-error.ts';

/** The results of checks, in their order. */
type Checked<Checks extends readonly (() => unknown)[]> = {
  [Place in keyof Checks]: Awaited<ReturnType<Checks[Place]>>;
};

/**
 * Collects all that is wrong with a command line before the command does anything. So a person who corrects a mistake
 * does not meet the next one.
 */
export class Mistakes {
  readonly #errors: unknown[] = [];

  /** @param problem a sentence that says what is wrong, and what to do. */
  add(problem: string): void {
    this.#errors.push(new UsageError(problem));
  }

  /**
   * Runs all checks, and returns their results.
   *
   * @throws the error of a check, if it is the only mistake; otherwise one UsageError with all mistakes, also with
   * those that were added before.
   */
  async all<const Checks extends readonly (() => unknown)[]>(...checks: Checks): Promise<Checked<Checks>> {
    const results: unknown[] = [];
    for (const check of checks) results.push(await this.of(check));
    const [first, ...more] = this.#errors;
    if (first === undefined) return results as Checked<Checks>;
    if (more.length === 0) throw first;
    throw new UsageError([...new Set(this.#errors.flatMap(problemsOf))]);
  }

  /** Runs one check. @returns undefined if the check found a mistake, which is kept for `all`. */
  async of<Result>(check: () => Result): Promise<Awaited<Result> | undefined> {
    try {
      return await check();
    } catch (error) {
      // An error of our own code is none of the person's mistakes.
      if (explain(error).code === 'unexpected') throw error;
      this.#errors.push(error);
      return undefined;
    }
  }
}

/** Each problem of an error as a sentence. */
export function problemsOf(error: unknown): readonly string[] {
  if (error instanceof UsageError || error instanceof InvalidInputError) return error.problems;
  return [problemSentence(explain(error))];
}
