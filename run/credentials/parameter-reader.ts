// In a file of its own for the same reason as secret-reader.ts.
import { GetParameterCommand, SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';
import { requestLimits } from '../aws-requests.ts';

/** Reads parameters of Systems Manager, and decrypts encrypted ones. Rejects with the error that AWS answers. */
export function parameterReader(
  config: Pick<SSMClientConfig, 'endpoint' | 'region' | 'credentials'>,
): (name: string) => Promise<string> {
  const client = new SSMClient({ ...requestLimits(), ...config });
  return async (name) =>
    (await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))).Parameter?.Value ?? '';
}
