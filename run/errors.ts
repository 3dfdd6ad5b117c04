/**
 * The gatekeeper throws this error while work is missing. `Retry` and `Catch` of the gatekeeper loop match this name
 * and no other. The message is the progress that a person reads in the console.
 */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
}

/** The input of the execution can't be run. The message lists every problem with its path. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`the execution input has ${count}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Another execution owns the slot or the run id. The message contains its name. */
export class AlreadyClaimedError extends Error {
  override readonly name = 'AlreadyClaimedError';
}
