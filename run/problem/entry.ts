/** What the catalogue says about one kind of failure. Its key in the catalogue is its code, which never changes. */
export interface Entry {
  /** What happened, in a few words. */
  readonly title: string;
  /**
   * Names of our own errors for this failure. Step Functions and other processes pass on only an error's name and
   * message, so the name decides.
   */
  readonly names?: readonly string[];
  /** Names, or values of `code`, of errors that AWS, Node or the system throws. */
  readonly foreign?: readonly string[];
  /** What the failure means, and why it is a failure. The page of errors shows it. */
  readonly meaning: string;
  /** What to do, for the person who sees the failure. */
  readonly mend: string;
  /**
   * What to do if no run met the failure, but `sluice probe`, `sluice copy` or a dry run. @default the same as `mend`
   */
  readonly mendWithoutRun?: string;
  /** The setting or option that would permit it. @default none: "never" */
  readonly allowedBy?: string;
  /** Whether a person typed something wrong: the command line then ends with 2. */
  readonly isUsage?: true;
}
