import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientConfig } from './connect.ts';

/** The credentials of a role, which the command's own credentials assume; the clients renew them. */
export function roleCredentials(RoleArn: string, config: ClientConfig): NonNullable<ClientConfig['credentials']> {
  const sts = new STSClient(config);
  return async () => {
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'sluice' }));
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (AccessKeyId === undefined || SecretAccessKey === undefined)
      throw new Error(`STS returned no keys for ${RoleArn}`);
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      ...(SessionToken !== undefined && { sessionToken: SessionToken }),
      ...(Expiration && { expiration: Expiration }),
    };
  };
}
