/**
 * Thrown by the gatekeeper while work is missing. Step Functions matches on the name, and `Retry` and `Catch` of the
 * gatekeeper loop name nothing else. The message is the progress that a person reads in the console.
 */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
}

/** The execution's input can't be run. The message lists every problem, each with its path. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`the execution input has ${count}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Another execution holds the slot or the run id. Its name is in the message. */
export class AlreadyClaimedError extends Error {
  override readonly name = 'AlreadyClaimedError';
}
