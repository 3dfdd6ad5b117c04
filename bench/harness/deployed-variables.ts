import { LAMBDA_NAMES, type LambdaName } from '#lib/functions/lambda-entries.ts';
import { synthesise } from '#test/lib/synthesise.ts';

/** Replaces the values that CloudFormation fills in: nothing answers at this address. */
const STAND_IN = 'http://127.0.0.1:9/stand-in';

/** Returns the environment of each function in a deployment with default settings, without AWS's own variables. */
export function deployedVariables(): Partial<Record<LambdaName, Record<string, string>>> {
  const functions = Object.entries(synthesise().findResources('AWS::Lambda::Function'));
  const of = (name: LambdaName): Record<string, string> | undefined => {
    const id = new RegExp(`^Functions${name.replaceAll('-', '')}Function`);
    const [, resource] = functions.find(([logicalId]) => id.test(logicalId)) ?? [];
    // This function exists only with another setting.
    if (resource === undefined) return undefined;
    const variables: Record<string, unknown> = resource.Properties.Environment?.Variables ?? {};
    return Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, typeof value === 'string' ? value : STAND_IN]),
    );
  };
  return Object.fromEntries(LAMBDA_NAMES.map((name) => [name, of(name)]));
}
