import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { parseJson } from '#run/input/json-text.ts';
import { type Check, CheckFailedError } from './check.ts';
import { findingOf } from './reported-progress.ts';

/** Ready when a function of the user's answers `{ "done": n, "total": n }`. It gets `{ "runId": … }`. */
export function lambdaCheck(client: LambdaClient, functionArn: string): Check {
  const who = functionArn.split(':function:')[1] ?? functionArn;
  return async ({ plan }) => {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: functionArn, Payload: JSON.stringify({ runId: plan.runId }) }),
    );
    const text = answer.Payload?.transformToString() ?? '';
    if (answer.FunctionError !== undefined) throw new CheckFailedError(`${who} failed: ${text.slice(0, 1_000)}`);
    return findingOf(parseJson(text), who);
  };
}
