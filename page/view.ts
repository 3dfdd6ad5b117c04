import type { Manifest, Outcome } from '#run/end/manifest.ts';
import type { Totals } from '#run/end/totals.ts';
import type { GateRecord } from '#run/ledger/gate-record.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import type { PageItem } from './browser/kit.js';
import type { RunCost } from './cost/run-cost.ts';
import type { ListedRun } from './runs/listed-run.ts';

/** Where a page is read: in the run's folder of the bucket, in a copy of this folder on a disk, or from a command. */
export type ReadAt = 'bucket' | 'folder' | 'command';

/** All that the page of a run shows. */
export interface RunView {
  readonly plan: PlanSummary;
  readonly bucket: string;
  readonly outcome: Outcome | 'running';
  /** The end of the run, or now. */
  readonly endMs: number;
  /** Why the run as a whole did not succeed. */
  readonly problem: Manifest['problem'];
  readonly counts: Pick<Manifest['counts'], 'done' | 'failed' | 'missing'>;
  readonly bytes: number;
  /** The loads into the tables of the warehouse, in the plan's order. */
  readonly loads: Manifest['loads'];
  readonly notes: Manifest['notes'];
  /** The first ones, at most a thousand. */
  readonly failed: Manifest['failed'];
  readonly missing: Manifest['missing'];
  readonly gate: GateRecord;
  readonly totals: Totals;
  /** The items to show, those that need attention first. For a very long run, only some of them. */
  readonly items: readonly PageItem[];
  /** Undefined if the deployment's properties are unknown. */
  readonly cost: RunCost | undefined;
  /** The schedule's run before this one. */
  readonly earlier: ListedRun | undefined;
  readonly readAt: ReadAt;
}
