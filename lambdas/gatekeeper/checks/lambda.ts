import { parseJson } from '#run/input/json-text.ts';
import type { CallFunction } from './check.ts';
import { type Check, CheckFailedError } from './check.ts';
import { findingOf } from './reported-progress.ts';

/** Ready when a Lambda function of the user answers `{ "done": n, "total": n }`. Its input is `{ "runId": … }`. */
export function lambdaCheck(call: CallFunction, functionArn: string): Check {
  const who = functionArn.split(':function:')[1] ?? functionArn;
  return async ({ plan }) => {
    const { failed, text } = await call(functionArn, JSON.stringify({ runId: plan.runId }));
    if (failed) throw new CheckFailedError(`${who} failed: ${text.slice(0, 1_000)}`);
    return findingOf(parseJson(text), who);
  };
}
