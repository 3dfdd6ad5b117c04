import { LAMBDA_NAMES, type LambdaName } from '#lib/functions/lambda-entries.ts';
import { synthesise } from '#test/lib/synthesise.ts';

/** In place of what CloudFormation fills in: an address where nothing answers. */
const STAND_IN = 'http://127.0.0.1:9/stand-in';

/** The environment that a deployment with default settings gives each function, without AWS's own variables. */
export function deployedVariables(): Record<LambdaName, Record<string, string>> {
  const functions = Object.entries(synthesise().findResources('AWS::Lambda::Function'));
  const of = (name: LambdaName): Record<string, string> => {
    const id = new RegExp(`^Functions${name.replaceAll('-', '')}Function`);
    const [, resource] = functions.find(([logicalId]) => id.test(logicalId)) ?? [];
    if (resource === undefined) throw new Error(`the template has no function ${name}`);
    const variables: Record<string, unknown> = resource.Properties.Environment?.Variables ?? {};
    return Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, typeof value === 'string' ? value : STAND_IN]),
    );
  };
  return Object.fromEntries(LAMBDA_NAMES.map((name) => [name, of(name)])) as Record<LambdaName, Record<string, string>>;
}
