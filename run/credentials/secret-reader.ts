// This code has its own file because it is imported only when it is first needed. Importing the whole package of the
// client at that point would load twice as much code.
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { requestLimits } from '../aws-requests.ts';

/**
 * Reads secrets of Secrets Manager as text. Returns undefined for a secret that contains no text. Rejects with the
 * error that AWS answers.
 */
export function secretReader(config: SecretsManagerClientConfig): (id: string) => Promise<string | undefined> {
  const client = new SecretsManagerClient({ ...requestLimits(), ...config });
  return async (id) => (await client.send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
}
