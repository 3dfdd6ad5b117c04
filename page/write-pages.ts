import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { EndedRun } from '#run/end/finish.ts';
import { runKeys } from '#run/keys.ts';
import type { Store } from '#run/store.ts';
import { placeOf } from './commands.ts';
import type { PricedDeployment } from './cost/priced-deployment.ts';
import { readPageItems } from './items/page-items.ts';
import { endedView } from './run/ended-view.ts';
import { renderRunPage } from './run/run-page.ts';
import { listRun, readRunsPage } from './runs/list-run.ts';
import type { ListedRun } from './runs/listed-run.ts';

export interface PageOptions {
  /** The deployment's properties. @default unknown, and the pages show no costs */
  readonly deployment?: PricedDeployment;
  /** How long the records of a run are kept. @default for ever */
  readonly keepDays?: number;
  /** Receives a sentence if the run could not be listed with the others. The run's end continues. */
  readonly warn: (message: string) => void;
}

/**
 * Writes the pages of a run that has ended: its own page, and the page of all runs. All items are written before.
 *
 * If the page of all runs can't be written, the run still ends: `warn` receives the reason.
 */
export function pageWriter(store: Store, options: PageOptions): (ended: EndedRun) => Promise<void> {
  return async (ended) => {
    const { plan, manifest } = ended;
    const { runs } = await readRunsPage(store);
    const pageItems = await readPageItems(store, runKeys(plan.runId).items, Date.parse(plan.startedAt));
    const { deployment } = options;
    const view = endedView(ended, pageItems, { bucket: store.bucket, deployment, runs });
    await store.client.send(
      new PutObjectCommand({
        Bucket: store.bucket,
        Key: runKeys(plan.runId).report,
        Body: renderRunPage(view),
        ContentType: 'text/html; charset=utf-8',
      }),
    );
    const { runId, outcome, startedAt, closedAt, counts, bytes } = manifest;
    const { items, done, failed, missing } = counts;
    const listed: ListedRun = {
      ...{ runId, outcome, schedule: plan.schedule, startedAt, closedAt, bytes },
      counts: { items, done, failed, missing },
      dollars: view.cost?.dollars ?? null,
    };
    try {
      await listRun(store, placeOf(plan.executionArn).stack, listed, options);
    } catch (error) {
      options.warn(`run ${runId} is not on the page of all runs: ${(error as Error).message}`);
    }
  };
}
