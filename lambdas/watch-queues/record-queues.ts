import { queuesKey } from '#run/keys.ts';
import { type Store, writeJson } from '#run/store.ts';
import { type DataApi, WarehouseError } from '#warehouse/data-api.ts';
import { adviceOf } from '#warehouse/queues/advice.ts';
import type { QueueReport } from '#warehouse/queues/queue-report.ts';
import { readLastDays } from '#warehouse/queues/read-queues.ts';

/**
 * Reads the queues of the last 24 hours and stores the report, with its advice, under the date of `now`. A second call
 * on the same day replaces the report.
 *
 * @throws WarehouseError if the database user sees only its own queries: its zeros would look like an idle warehouse.
 */
export async function recordQueues(
  store: Store,
  api: DataApi,
  now: Date,
): Promise<{ readonly key: string; readonly report: QueueReport }> {
  const report = await readLastDays(api, 1);
  if (report.sees === 'own') {
    throw new WarehouseError(
      `the database user ${report.user} sees only its own queries, so the waits of other users are missing: GRANT ROLE sys:monitor TO "${report.user}"`,
    );
  }
  const key = queuesKey(now);
  await writeJson(store, key, { v: 1, ...report, advice: adviceOf(report) });
  return { key, report };
}
