import type { S3Client } from '@aws-sdk/client-s3';
import { learnPattern, type ObjectCall, signCall } from './call-signer.ts';
import type { Transport } from './one-attempt.ts';
import type { SignedRequest } from './signature.ts';
import { agentsOf, type SendOptions, type SignedAnswer, sendReplayable, type WriteBody } from './transport.ts';

export interface DirectCall<T> {
  readonly call: ObjectCall;
  readonly query: Readonly<Record<string, string>>;
  /** The headers without those that signing adds. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (write: WriteBody) => Promise<void>;
  readonly options: Omit<SendOptions, 'agents'>;
  /** Reads a plain answer; returns undefined if the SDK has to read it. */
  readonly read: (answer: SignedAnswer) => T | undefined;
  /** Signs the call in a quicker way, if it can. */
  readonly sign?: () => Promise<SignedRequest | undefined>;
  /** The same call by the SDK, over a transport. */
  readonly bySdk: (transport: Transport) => Promise<T>;
}

/**
 * Makes a call once. The SDK makes the first of its kind on a bucket; later calls follow its pattern. The SDK still
 * reads answers that are errors, and corrects its clock with them.
 *
 * @throws the SDK's error for S3's answer, the connection's own error, or the signal's reason.
 */
export async function callDirectly<T>(client: S3Client, direct: DirectCall<T>): Promise<T> {
  const { call, query, headers, body, read, bySdk } = direct;
  const options = { ...direct.options, agents: await agentsOf(client) };
  const { http, https } = options.agents;
  // Only the engine's own connections take a head that has been made already.
  const quick = options.askFirst || http !== undefined || https !== undefined ? undefined : await direct.sign?.();
  const signed = quick ?? (await signCall(client, call, query, headers));
  if (signed === undefined) {
    return bySdk(async (made) => {
      const answer = await sendReplayable(made, body, options);
      // The SDK follows a redirect to the bucket's region, and its next request shows how to call it.
      if (answer.statusCode < 300 || answer.statusCode >= 400) await learnPattern(client, call, made);
      return answer;
    });
  }
  const answer = await sendReplayable(signed, body, options);
  return read(answer) ?? bySdk(async () => answer);
}
