import type { Database } from './database.ts';

/** A queue of the generated week. */
interface GeneratedQueue {
  readonly serviceClass: number;
  readonly name: string;
  readonly condition: string;
  readonly slots: number;
  readonly memoryMiB: number;
  readonly timeoutMs: number;
  readonly scaling: 'auto' | 'off';
  /** For each hour of the day: the queries, how long each runs, and how long it waits. */
  readonly hourly: (hour: number) => {
    readonly queries: number;
    readonly seconds: number;
    readonly waitSeconds: number;
  };
  /** One query in this number of queries uses the disk. 0 means that none does. */
  readonly toDisk: number;
}

const MANUAL: readonly GeneratedQueue[] = [
  {
    ...{ serviceClass: 6, name: 'etl', condition: 'query group: sluice', slots: 5, memoryMiB: 892, timeoutMs: 0 },
    ...{ scaling: 'off', toDisk: 0 },
    // Everything begins at two in the morning.
    hourly: (hour) =>
      hour >= 2 && hour <= 4
        ? { queries: 24, seconds: 400, waitSeconds: 180 }
        : { queries: 4, seconds: 90, waitSeconds: 0 },
  },
  {
    ...{
      serviceClass: 7,
      name: 'dashboards',
      condition: 'user group: bi',
      slots: 15,
      memoryMiB: 297,
      timeoutMs: 60_000,
    },
    ...{ scaling: 'auto', toDisk: 0 },
    hourly: (hour) => ({ queries: hour >= 7 && hour <= 18 ? 40 : 2, seconds: 3, waitSeconds: 0 }),
  },
  {
    ...{ serviceClass: 8, name: 'analysts', condition: 'user group: analysts', slots: 4, memoryMiB: 446, timeoutMs: 0 },
    ...{ scaling: 'off', toDisk: 5 },
    hourly: (hour) => ({ queries: hour >= 8 && hour <= 17 ? 6 : 0, seconds: 120, waitSeconds: 0 }),
  },
];

/** The kind of workload management under which the queries ran. */
export type WeekOf = 'manual' | 'automatic' | 'serverless';

/**
 * Fills the system tables with the queries of a week before `until`. The queries are always the same. Some have to wait
 * for a slot of their queue, some use the disk, and one in 97 runs ten times as long.
 */
export async function generateWeek(database: Database, of: WeekOf, until: Date): Promise<void> {
  await database.run(
    'TRUNCATE stv_wlm_service_class_config, stv_wlm_classification_config, stl_wlm_query, svl_query_summary, sys_query_history, sys_serverless_usage',
  );
  const first = new Date(until.getTime() - 7 * 86_400_000);
  const queries: string[] = [];
  const history: string[] = [];
  const disk: string[] = [];
  let number = 0;
  for (const queue of MANUAL) {
    for (let hour = new Date(first); hour < until; hour = new Date(hour.getTime() + 3_600_000)) {
      const { queries: many, seconds, waitSeconds } = queue.hourly(hour.getUTCHours());
      for (let n = 0; n < many; n++) {
        number += 1;
        const part = (n + 1) / many;
        const at = new Date(hour.getTime() + part * 3_000_000);
        const wait = Math.round(waitSeconds * part * 1_000_000);
        const run = Math.round(seconds * (number % 97 === 0 ? 10 : 0.5 + part) * 1_000_000);
        const serviceClass = of === 'automatic' ? queue.serviceClass + 94 : queue.serviceClass;
        const stamp = timestamp(at);
        queries.push(`(100, ${number}, ${serviceClass}, 1, '${stamp}', ${wait}, ${run})`);
        history.push(`(100, ${number}, 'SELECT', 'success', '${stamp}', ${wait}, ${run})`);
        if (queue.toDisk > 0 && number % queue.toDisk === 0) disk.push(`(${number}, 100, 't')`);
      }
    }
  }
  if (of === 'serverless') {
    await insert(
      database,
      'sys_query_history (user_id, query_id, query_type, status, start_time, queue_time, execution_time)',
      history,
    );
    await insert(database, 'sys_serverless_usage (start_time, compute_capacity, charged_seconds)', [
      `('${timestamp(first)}', 32, 96400)`,
    ]);
    return;
  }
  await insert(
    database,
    'stl_wlm_query (userid, query, service_class, slot_count, service_class_start_time, total_queue_time, total_exec_time)',
    queries,
  );
  await insert(database, 'svl_query_summary (query, userid, is_diskbased)', disk);
  await insert(
    database,
    'stv_wlm_service_class_config (service_class, name, num_query_tasks, target_num_query_tasks, query_working_mem, target_query_working_mem, max_execution_time, concurrency_scaling, query_priority)',
    MANUAL.map(({ serviceClass, name, slots, memoryMiB, timeoutMs, scaling }) =>
      of === 'automatic'
        ? `(${serviceClass + 94}, '${name}', -1, -1, -1, -1, 0, '${scaling}', 'Normal')`
        : `(${serviceClass}, '${name}', ${slots}, ${slots}, ${memoryMiB}, ${memoryMiB}, ${timeoutMs}, '${scaling}', '')`,
    ),
  );
  await insert(
    database,
    'stv_wlm_classification_config (id, condition, action_seq, action, action_service_class)',
    MANUAL.map(
      ({ serviceClass, condition }, index) =>
        `(${index + 1}, '${condition}', 0, 'assign', ${of === 'automatic' ? serviceClass + 94 : serviceClass})`,
    ),
  );
}

async function insert(database: Database, into: string, rows: readonly string[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 1_000) {
    await database.run(`INSERT INTO ${into} VALUES ${rows.slice(from, from + 1_000).join(', ')}`);
  }
}

function timestamp(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
