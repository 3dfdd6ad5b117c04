/** What one check of `sluice doctor` found. */
export interface Finding {
  readonly check: string;
  /**
   * - `good`: nothing to do.
   * - `note`: it works; a person should know.
   * - `unknown`: it could not be looked at.
   * - `bad`: a deploy or a run fails by it.
   */
  readonly state: 'good' | 'note' | 'unknown' | 'bad';
  readonly found: string;
  /** What to do; missing where there is nothing. */
  readonly mend?: string;
}
