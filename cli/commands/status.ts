import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { runKeys } from '#run/keys.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson } from '#run/store.ts';
import { CommandError } from '../command-error.ts';
import { executionArnOf, runIdOf } from '../deployment/deployment.ts';
import { EXIT } from '../exit-code.ts';
import { RunLooker } from '../follow/run-looker.ts';
import { bytesText, countText } from '../screen/quantities.ts';
import { indented, oneLine } from '../screen/shown.ts';
import type { CommandContext } from './command.ts';

/**
 * `sluice status`: how far a run is at this moment, or how it ended.
 *
 * @throws CommandError where there is no such run.
 */
export async function status(context: CommandContext, run: string): Promise<number> {
  const { store, screen, json } = context;
  const runId = runIdOf(run);
  const execution = await describeRun(context, run);
  const keys = runKeys(runId);
  const [plan, gate] = await Promise.all([
    readJson(store, keys.summary, planSummarySchema),
    readJson(store, keys.gate, gateRecordSchema),
  ]);
  const look = plan === undefined ? undefined : await new RunLooker(store, { ...plan, bucket: store.bucket }).look();
  const last = gate?.samples.at(-1);
  if (json) {
    screen.print(JSON.stringify({ run: runId, execution: execution.status, look: look ?? null, gate: last ?? null }));
    return EXIT.complete;
  }
  screen.print(
    `Run ${runId}: ${String(execution.status).toLowerCase()}, started ${execution.startDate?.toISOString()}`,
  );
  if (execution.error !== undefined) screen.print(indented(`${execution.error}: ${execution.cause ?? ''}`));
  if (look === undefined) screen.print('It is not planned yet.');
  else {
    const { done, failed, underWay, toGo, items, bytes, transfers } = look;
    screen.print(
      `${done} done, ${failed} failed, ${underWay} under way, ${toGo} to go of ${countText(items, 'item')}; ${bytesText(bytes)}`,
    );
    for (const { name, bytes: sent, total } of transfers) {
      screen.print(`  ${oneLine(name)}: ${bytesText(sent)}${total === undefined ? '' : ` of ${bytesText(total)}`}`);
    }
  }
  return EXIT.complete;
}

/** @throws CommandError where there is no such run. */
export async function describeRun({ sfn, deployment }: CommandContext, run: string) {
  try {
    return await sfn.send(new DescribeExecutionCommand({ executionArn: executionArnOf(deployment, run) }));
  } catch (cause) {
    if (!['ExecutionDoesNotExist', 'InvalidArn'].includes((cause as Error).name)) throw cause;
    throw new CommandError('no-such-run', `there is no run ${JSON.stringify(run)}`, { cause });
  }
}
