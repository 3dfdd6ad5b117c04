import { runKeys } from '#run/keys.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';
import { bytesText } from '#run/quantities.ts';
import { readJson } from '#run/store.ts';
import { CommandError } from '../command-error.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { type ItemState, RunLooker } from '../follow/run-looker.ts';
import { renderTable } from '../screen/table.ts';
import { toneOf } from '../screen/tones.ts';
import type { CommandContext } from './command.ts';
import { describeRun } from './status.ts';

export interface ItemsOptions {
  readonly failed?: boolean;
  /** Only items that are neither done nor failed. */
  readonly missing?: boolean;
}

/**
 * `sluice items`: lists every item of a run with its state, during the run and after it.
 *
 * @throws CommandError if the run does not exist, or is not planned yet.
 */
export async function items(context: CommandContext, run: string, { failed, missing }: ItemsOptions): Promise<number> {
  const { store, screen, json } = context;
  const runId = runIdOf(run);
  const plan = await readJson(store, runKeys(runId).summary, planSummarySchema);
  if (plan === undefined) {
    await describeRun(context, run);
    throw new CommandError(
      'run-not-planned',
      `run ${runId} has no plan: Plan has not written it yet, or the run ended in Plan`,
    );
  }
  const isWanted = (state: ItemState) => {
    if (failed !== true && missing !== true) return true;
    return (
      (failed === true && state === 'failed') ||
      (missing === true && (state === 'not started' || state === 'under way'))
    );
  };
  const looker = new RunLooker(store, { ...plan, bucket: store.bucket });
  await looker.look();
  const rows: string[][] = [];
  for await (const { id, name, state, bytes, failure } of looker.items()) {
    if (!isWanted(state)) continue;
    if (json) {
      screen.print(JSON.stringify({ item: id, name, state, bytes: bytes ?? null, failure: failure ?? null }));
      continue;
    }
    const { code = '', detail = '' } = failure?.problem ?? {};
    rows.push([name, state, bytes === undefined ? '' : bytesText(bytes), code, detail.split('\n')[0] ?? '']);
  }
  if (json) return EXIT.complete;
  if (rows.length === 0) screen.print('The run has no such item.');
  else {
    const columns = [
      { head: 'item', width: 80 },
      { head: 'state', tone: toneOf },
      { head: 'size', align: 'right' as const },
      ...(rows.some(([, , , code]) => code !== '') ? [{ head: 'code' }, { head: 'reason', cut: 'end' as const }] : []),
    ];
    screen.print(renderTable(columns, rows, screen.width, screen.paint));
  }
  return EXIT.complete;
}
