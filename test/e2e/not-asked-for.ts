/** A grant that no end-to-end test asks for, and why it stands all the same. */
export interface NotAskedFor {
  /** Of the role's construct. */
  readonly role: RegExp;
  readonly action: RegExp;
  /** Of the resource's pattern. @default any */
  readonly resource?: RegExp;
  readonly reason: string;
}

export const NOT_ASKED_FOR: readonly NotAskedFor[] = [];
