import { InvokeCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';
import type { CallFunction } from './check.ts';

/** Calls functions by the SDK: see call-function.ts. */
export function invoker(config: LambdaClientConfig): CallFunction {
  const client = new LambdaClient(config);
  return async (functionArn, payload) => {
    const answer = await client.send(new InvokeCommand({ FunctionName: functionArn, Payload: payload }));
    return { failed: answer.FunctionError !== undefined, text: answer.Payload?.transformToString() ?? '' };
  };
}
