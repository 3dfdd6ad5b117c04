// A file of its own, for it is imported when it is first needed: the client's package as a whole, imported so, is twice as large.
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { requestLimits } from '../aws-requests.ts';

/** Reads secrets of Secrets Manager as text, undefined where one holds none. Rejects with what AWS answers. */
export function secretReader(config: SecretsManagerClientConfig): (id: string) => Promise<string | undefined> {
  const client = new SecretsManagerClient({ ...requestLimits(), ...config });
  return async (id) => (await client.send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
}
