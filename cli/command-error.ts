import type { Code } from '#run/problem/catalogue.ts';

/** A command can't do what a person asked. The code says why, and what to do; the message names the thing. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: Code;
  /** What to do, if the text of the catalogue is too general. */
  readonly mend: string | undefined;

  constructor(code: Code, message: string, { cause, mend }: { cause?: unknown; mend?: string } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.mend = mend;
  }
}
