/** The result of one check of `sluice doctor`. */
export interface Finding {
  readonly check: string;
  /**
   * - `good`: nothing to do.
   * - `note`: it works, but a person should know it.
   * - `unknown`: the check could not be made.
   * - `bad`: a deploy or a run fails because of it.
   */
  readonly state: 'good' | 'note' | 'unknown' | 'bad';
  readonly found: string;
  /** What to do; missing if there is nothing to do. */
  readonly mend?: string;
}
