import type { LambdaClientConfig } from '@aws-sdk/client-lambda';
import type { CallFunction } from './check.ts';

/**
 * Calls functions of the user. The SDK's client comes with the first call: few runs wait for a function, and it is 70
 * KB for each start to read.
 *
 * @param prefix the beginning of the functions' names that the deploy makes of the setting `gate.checks`.
 */
export function functionCaller(config: LambdaClientConfig, prefix: string): CallFunction {
  let invoke: CallFunction | undefined;
  return async (named, payload) => {
    invoke ??= (await import('./invoke.ts')).invoker(config);
    return invoke(named.startsWith('arn:') ? named : `${prefix}${named}`, payload);
  };
}
