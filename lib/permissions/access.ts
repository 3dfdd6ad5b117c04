import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/**
 * What code is given to use a thing: the variables that name the thing, and the leave that using it needs. The two come
 * from one place and are handed over together, so that a grant and the variable that needs it can't drift apart.
 */
export interface Access {
  readonly environment: Readonly<Record<string, string>>;
  readonly statements: readonly PolicyStatement[];
}

/** Code that runs under a role of its own and reads its settings from its environment. */
export interface Accessor {
  /** Sets the variables and grants the leave of each access. */
  give(...accesses: readonly Access[]): void;
}

/** Variables alone, for what needs no leave. */
export function variables(environment: Access['environment']): Access {
  return { environment, statements: [] };
}

/** Leave alone, for what the code is told at run time. */
export function leave(...statements: readonly ConstructorParameters<typeof PolicyStatement>[0][]): Access {
  return { environment: {}, statements: statements.map((props) => new PolicyStatement(props)) };
}
