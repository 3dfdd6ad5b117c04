import type { LambdaClientConfig } from '@aws-sdk/client-lambda';

/** Calls a Lambda function and waits for what it answers. */
export type CallFunction = (
  functionArn: string,
  payload: string,
) => Promise<{ readonly failed: boolean; readonly text: string }>;

/** The SDK's client comes with the first call: few runs wait for a function, and it is 70 KB for each start to read. */
export function functionCaller(config: LambdaClientConfig): CallFunction {
  let invoke: CallFunction | undefined;
  return async (functionArn, payload) => {
    invoke ??= (await import('./invoke.ts')).invoker(config);
    return invoke(functionArn, payload);
  };
}
