import type { S3Client } from '@aws-sdk/client-s3';
import { learnPattern, type ObjectCall, signCall } from './call-signer.ts';
import type { Transport } from './one-attempt.ts';
import { agentsOf, type SendOptions, type SignedAnswer, sendReplayable, type WriteBody } from './transport.ts';

export interface DirectCall<T> {
  readonly call: ObjectCall;
  readonly query: Readonly<Record<string, string>>;
  /** Without those that signing adds. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (write: WriteBody) => Promise<void>;
  readonly options: Omit<SendOptions, 'agents'>;
  /** Reads a plain answer; undefined where the SDK has to. */
  readonly read: (answer: SignedAnswer) => T | undefined;
  /** The same call made by the SDK, over a transport. */
  readonly bySdk: (transport: Transport) => Promise<T>;
}

/**
 * Makes a call once. The SDK makes the first of its kind on a bucket; later ones are made after its pattern, and the SDK
 * reads their answers where they are errors, and sets its clock by them.
 *
 * @throws what the SDK makes of S3's error, the connection's own error, or the signal's reason.
 */
export async function callDirectly<T>(client: S3Client, direct: DirectCall<T>): Promise<T> {
  const { call, query, headers, body, read, bySdk } = direct;
  const options = { ...direct.options, agents: await agentsOf(client) };
  const signed = await signCall(client, call, query, headers);
  if (signed === undefined) {
    return bySdk(async (made) => {
      await learnPattern(client, call, made);
      return sendReplayable(made, body, options);
    });
  }
  const answer = await sendReplayable(signed, body, options);
  return read(answer) ?? bySdk(async () => answer);
}
