import type { EndedRun } from '#run/end/finish.ts';
import type { PageItem } from '../browser/kit.js';
import { placeOf } from '../commands.ts';
import type { PricedDeployment } from '../cost/priced-deployment.ts';
import { costOfRun } from '../cost/run-cost.ts';
import { byNeed } from '../items/by-need.ts';
import type { ListedRun } from '../runs/listed-run.ts';
import type { RunView } from '../view.ts';

export interface EndedViewOptions {
  readonly bucket: string;
  /** The deployment's properties. @default unknown, and the page shows no costs */
  readonly deployment?: PricedDeployment | undefined;
  /** Runs that ended earlier, the newest first. @default none is known */
  readonly runs?: readonly ListedRun[];
}

/** Makes the view of a run that has ended. */
export function endedView(
  { plan, manifest, gate, totals }: EndedRun,
  items: readonly PageItem[],
  { bucket, deployment, runs = [] }: EndedViewOptions,
): RunView {
  const { outcome, problem, counts, bytes, loads, notes, failed, missing } = manifest;
  const endMs = Date.parse(manifest.closedAt);
  return {
    ...{ plan, bucket, outcome, endMs, problem, counts, bytes, loads, notes, failed, missing, gate, totals },
    items: byNeed(items),
    cost: deployment && costOfRun({ plan, totals, gate, bytes, untilMs: endMs }, deployment),
    earlier: runs.find(
      ({ runId, schedule, startedAt }) =>
        schedule !== null && schedule === plan.schedule && runId !== plan.runId && startedAt < plan.startedAt,
    ),
    readAt: placeOf(plan.executionArn).isLocal ? 'folder' : 'bucket',
  };
}
