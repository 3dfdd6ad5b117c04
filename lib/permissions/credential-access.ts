import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';
import { type Access, leave } from './access.ts';

/**
 * Permission to read the secrets and parameters that `sources.credentials` names, and no others. It is for code that
 * transfers: Open, Slice and the workers.
 */
export function credentialAccess(scope: Construct, { credentials }: Settings['sources']): Access {
  const stack = Stack.of(scope);
  const secrets = credentials.flatMap((grant) =>
    'secret' in grant
      ? stack.formatArn({
          service: 'secretsmanager',
          resource: 'secret',
          // Secrets Manager adds a dash and six characters to a name.
          resourceName: grant.secret.endsWith('*') ? grant.secret : `${grant.secret}-??????`,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        })
      : [],
  );
  const parameters = credentials.flatMap((grant) =>
    'parameter' in grant
      ? stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: grant.parameter.replace(/^\//, '') })
      : [],
  );
  return leave(
    ...(secrets.length > 0 ? [{ actions: ['secretsmanager:GetSecretValue'], resources: secrets }] : []),
    ...(parameters.length > 0 ? [{ actions: ['ssm:GetParameter'], resources: parameters }] : []),
  );
}
