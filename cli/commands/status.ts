import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { readClosing } from '#run/end/closing.ts';
import { loadOutcomes } from '#run/end/load-outcomes.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { type PlanSummary, planSummarySchema } from '#run/plan/plan-summary.ts';
import { problemOfExecution } from '#run/problem/problem-of-execution.ts';
import { bytesText, countText } from '#run/quantities.ts';
import { readJson, type Store } from '#run/store.ts';
import { CommandError } from '../command-error.ts';
import { executionArnOf } from '../deployment/deployment.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { RunLooker } from '../follow/run-looker.ts';
import { loadLines } from '../report/load-lines.ts';
import { problemText } from '../screen/problem-text.ts';
import { oneLine } from '../screen/shown.ts';
import { toneOf } from '../screen/tones.ts';
import type { CommandContext } from './command.ts';

/**
 * `sluice status`: shows the progress of a run at this moment, or how it ended.
 *
 * @throws CommandError if the run does not exist.
 */
export async function status(context: CommandContext, run: string): Promise<number> {
  const { store, screen, json } = context;
  const runId = runIdOf(run);
  const execution = await describeRun(context, run);
  const keys = runKeys(runId);
  const [plan, gate, manifest] = await Promise.all([
    readJson(store, keys.summary, planSummarySchema),
    readJson(store, keys.gate, gateRecordSchema),
    readJson(store, keys.manifest, manifestSchema),
  ]);
  const look = plan === undefined ? undefined : await new RunLooker(store, { ...plan, bucket: store.bucket }).look();
  const last = gate?.samples.at(-1);
  const loads = manifest?.loads ?? (plan === undefined ? [] : await loadsUnderWay(store, plan));
  const problem =
    manifest?.problem ?? (execution.error === undefined ? undefined : problemOfExecution(runId, execution));
  if (json) {
    screen.print(
      JSON.stringify({
        run: runId,
        execution: execution.status,
        outcome: manifest?.outcome ?? null,
        problem: problem ?? null,
        look: look ?? null,
        loads,
        gate: last ?? null,
      }),
    );
    return EXIT.complete;
  }
  const word = manifest?.outcome ?? String(execution.status).toLowerCase();
  screen.print(
    `Run ${runId}: ${screen.paint(toneOf(word) ?? 'dim', word)}, started ${execution.startDate?.toISOString()}`,
  );
  if (problem !== undefined) screen.print(problemText(problem, screen.paint));
  if (look === undefined) screen.print('Plan has not written the plan of this run yet.');
  else {
    const { done, failed, underWay, notStarted, items, bytes, transfers } = look;
    screen.print(
      `${done} done, ${failed} failed, ${underWay} under way, ${notStarted} not started of ${countText(items, 'item')}; ${bytesText(bytes)}`,
    );
    for (const { name, bytes: sent, total } of transfers) {
      screen.print(`  ${oneLine(name)}: ${bytesText(sent)}${total === undefined ? '' : ` of ${bytesText(total)}`}`);
    }
  }
  for (const line of loadLines(loads, screen)) screen.print(line);
  return EXIT.complete;
}

/** The loads of a run whose gate has opened. */
async function loadsUnderWay(store: Store, plan: PlanSummary) {
  const closing = plan.loads.length === 0 ? undefined : await readClosing(store, plan.runId);
  return closing === undefined ? [] : loadOutcomes(store, plan, closing);
}

/** @throws CommandError if the run does not exist. */
export async function describeRun({ sfn, deployment }: CommandContext, run: string) {
  try {
    return await sfn.send(new DescribeExecutionCommand({ executionArn: executionArnOf(deployment, run) }));
  } catch (cause) {
    if (!['ExecutionDoesNotExist', 'InvalidArn'].includes((cause as Error).name)) throw cause;
    throw new CommandError('no-such-run', `there is no run ${JSON.stringify(run)}`, { cause });
  }
}
