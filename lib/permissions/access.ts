import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/**
 * What code needs to use a resource: the variables that name the resource, and the permissions for using it. The two
 * come from one place and are passed together, so that a grant and its variable always agree.
 */
export interface Access {
  /** The variables, by name. */
  readonly environment: Readonly<Record<string, string>>;
  /** The permissions. */
  readonly statements: readonly PolicyStatement[];
}

/** Only variables, for things that need no permission. */
export function variables(environment: Access['environment']): Access {
  return { environment, statements: [] };
}

/** Only permissions, for resources that the code learns at run time. */
export function leave(...statements: readonly ConstructorParameters<typeof PolicyStatement>[0][]): Access {
  return { environment: {}, statements: statements.map((props) => new PolicyStatement(props)) };
}
