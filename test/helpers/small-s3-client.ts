import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { S3Client as SmallClient, type SmallClientConfig } from '#transfer/s3/small/client.ts';
import { Command } from '#transfer/s3/small/command.ts';

/** A client that makes the engine's calls by the engine's small client of S3, and the tests' own calls by the SDK's. */
export function withSmallClient(sdk: S3Client, config: S3ClientConfig): S3Client {
  const { httpsAgent, ...handler } = (config.requestHandler ?? {}) as { httpsAgent?: AgentOptions | HttpsAgent };
  const agent = httpsAgent === undefined || httpsAgent instanceof HttpsAgent ? httpsAgent : new HttpsAgent(httpsAgent);
  const requestHandler = { ...handler, ...(agent && { httpsAgent: agent }) };
  const small = new SmallClient({ ...config, requestHandler } as SmallClientConfig);
  const send = (command: unknown, ...more: unknown[]) =>
    command instanceof Command ? small.send(command) : sdk.send(command as never, ...(more as []));
  const destroy = () => {
    small.destroy();
    sdk.destroy();
  };
  return Object.assign(Object.create(sdk), { config: small.config, send, destroy }) as S3Client;
}
