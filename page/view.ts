import type { Manifest, Outcome } from '#run/end/manifest.ts';
import type { Totals } from '#run/end/totals.ts';
import type { GateRecord } from '#run/ledger/gate-record.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import type { PageItem } from './browser/kit.js';
import type { RunCost } from './cost/run-cost.ts';
import type { ListedRun } from './runs/listed-run.ts';

/** Where a page is read: in the run's folder of the bucket, in a folder of somebody's disk that was copied from there, or from a command. */
export type ReadAt = 'bucket' | 'folder' | 'command';

/** All that the page of a run shows. */
export interface RunView {
  readonly plan: PlanSummary;
  readonly bucket: string;
  readonly outcome: Outcome | 'running';
  /** The end of the run, or now. */
  readonly endMs: number;
  /** What kept the run as a whole from its order. */
  readonly problem: Manifest['problem'];
  readonly counts: Pick<Manifest['counts'], 'done' | 'failed' | 'missing'>;
  readonly bytes: number;
  /** Into the tables of the warehouse, in the plan's order. */
  readonly loads: Manifest['loads'];
  readonly notes: readonly string[];
  /** The first of them, a thousand at most. */
  readonly failed: Manifest['failed'];
  readonly missing: Manifest['missing'];
  readonly gate: GateRecord;
  readonly totals: Totals;
  /** Items as they are shown, those first that a reader has to look at. Of a very long run only some. */
  readonly items: readonly PageItem[];
  /** Undefined where nobody knows what the deployment is made of. */
  readonly cost: RunCost | undefined;
  /** The schedule's run before this one. */
  readonly earlier: ListedRun | undefined;
  readonly readAt: ReadAt;
}
