// A file of its own as secret-reader.ts is.
import { GetParameterCommand, SSMClient, type SSMClientConfig } from '@aws-sdk/client-ssm';
import { requestLimits } from '../aws-requests.ts';

/** Reads parameters of Systems Manager, decrypted where they are encrypted. Rejects with what AWS answers. */
export function parameterReader(
  config: Pick<SSMClientConfig, 'endpoint' | 'region' | 'credentials'>,
): (name: string) => Promise<string> {
  const client = new SSMClient({ ...requestLimits(), ...config });
  return async (name) =>
    (await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))).Parameter?.Value ?? '';
}
