import type { LambdaClientConfig } from '@aws-sdk/client-lambda';
import type { CallFunction } from './check.ts';

/** The SDK's client comes with the first call: few runs wait for a function, and it is 70 KB for each start to read. */
export function functionCaller(config: LambdaClientConfig): CallFunction {
  let invoke: CallFunction | undefined;
  return async (functionArn, payload) => {
    invoke ??= (await import('./invoke.ts')).invoker(config);
    return invoke(functionArn, payload);
  };
}
