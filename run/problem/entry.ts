/** What the catalogue says of one kind of failure. Its key in the catalogue is its code, which stays the same for ever. */
export interface Entry {
  /** What happened, in a few words. */
  readonly title: string;
  /** Names of our own errors that this is. Step Functions and other processes pass on an error's name and message alone, so the name decides. */
  readonly names?: readonly string[];
  /** Names, or values of `code`, of errors that AWS, Node or the system throws. */
  readonly foreign?: readonly string[];
  /** What it means, and why it is a failure: for the page of errors. */
  readonly meaning: string;
  /** What to do, for the person who sees it. */
  readonly mend: string;
  /** The setting or option that would let it pass. @default nothing does: "never" */
  readonly allowedBy?: string;
  /** Whether it is a mistake in what a person typed: the command line then ends with 2. */
  readonly isUsage?: true;
}
