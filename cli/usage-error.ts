/** A command line that can't be run. The message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Each is a sentence that says what is wrong, and what to do. */
  readonly problems: readonly string[];

  /** @param problems one, or all of them: a person corrects them in one go. */
  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const all = typeof problems === 'string' ? [problems] : problems;
    const [first = ''] = all;
    super(
      all.length === 1
        ? first
        : `the command has ${all.length} problems:\n${all.map((problem) => `- ${problem}`).join('\n')}`,
      options,
    );
    this.problems = all;
  }
}
