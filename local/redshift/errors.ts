/** The error of a statement, with Redshift's message, and the row that `sys_load_error_detail` then contains. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly details: readonly LoadErrorDetail[];

  constructor(message: string, details: readonly LoadErrorDetail[] = [], options?: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}

/** A row of `sys_load_error_detail`, as far as it is about the data. */
export interface LoadErrorDetail {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly message: string;
}
