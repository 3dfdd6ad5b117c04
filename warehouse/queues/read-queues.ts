import { type DataApi, query, type Row } from '../data-api.ts';
import type { Hour, Queue, QueueReport } from './queue-report.ts';

/** Lower numbers are queues of the system and the superuser. 14 is short query acceleration, 15 maintenance. */
const OF_USERS = 'service_class > 5 AND service_class NOT IN (14, 15)';
/** Queues of automatic WLM. */
const FIRST_AUTOMATIC = 100;
const MICROSECONDS = 1_000_000;

/** The counts of queries, from the columns with a wait and an execution. */
const sums = (wait: string, execution: string) =>
  [
    'COUNT(*) AS queries',
    `SUM(CASE WHEN ${wait} > 0 THEN 1 ELSE 0 END) AS waited`,
    `SUM(${wait}) AS wait`,
    `SUM(${execution}) AS execution`,
    `MAX(${wait}) AS worst`,
    `MAX(${execution}) AS longest`,
    `PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY ${wait}) AS p95`,
  ].join(', ');

const HOUR = 3_600_000;

/** Reads the last days as whole hours, so that the first and the last are complete. */
export function readLastDays(api: DataApi, days: number): Promise<QueueReport> {
  const until = Math.ceil(Date.now() / HOUR) * HOUR;
  return readQueues(api, new Date(until - days * 24 * HOUR), new Date(until));
}

/**
 * Reads how long queries have waited in each queue, from the system tables that are kept for some days.
 *
 * @throws WarehouseError if a table can't be read.
 */
export async function readQueues(api: DataApi, since: Date, until: Date): Promise<QueueReport> {
  const ask = (name: string, sql: string) =>
    query(api, {
      name: `sluice wlm: ${name}`,
      sqls: ['SET statement_timeout TO 300000', "SET query_group TO 'sluice'", sql],
      ...(sql.includes(':since') && { values: { since: timestamp(since), until: timestamp(until) } }),
    });
  const { user, sees } = await whoLooks(ask);
  const base = { since, until, user, sees };
  return api.warehouse.workgroup === undefined
    ? { ...base, ...(await ofCluster(ask)), capacity: null }
    : { ...base, management: 'serverless', ...(await ofServerless(ask)) };
}

type Ask = (name: string, sql: string) => Promise<Row[]>;

async function whoLooks(ask: Ask): Promise<Pick<QueueReport, 'user' | 'sees'>> {
  const [row = {}] = await ask(
    'who looks',
    'SELECT usename AS who, usesuper AS super FROM pg_user WHERE usename = current_user',
  );
  const user = String(row.who);
  if (row.super === true) return { user, sees: 'all' };
  try {
    const [role = {}] = await ask(
      'what it may see',
      "SELECT user_is_member_of(current_user, 'sys:monitor') AS monitors",
    );
    return { user, sees: role.monitors === true ? 'all' : 'own' };
  } catch {
    // Some versions don't let a plain user query this.
    return { user, sees: 'own' };
  }
}

const WHEN = (column: string) => `${column} >= CAST(:since AS TIMESTAMP) AND ${column} < CAST(:until AS TIMESTAMP)`;

async function ofCluster(ask: Ask): Promise<Pick<QueueReport, 'management' | 'queues'>> {
  const config = await ask(
    'the queues',
    `SELECT service_class, TRIM(name) AS name, num_query_tasks, query_working_mem, max_execution_time, TRIM(concurrency_scaling) AS scaling FROM stv_wlm_service_class_config WHERE ${OF_USERS} ORDER BY service_class`,
  ).catch(withoutRight);
  const conditions = await ask(
    'which queries go where',
    'SELECT action_service_class AS class, TRIM(condition) AS condition FROM stv_wlm_classification_config ORDER BY id',
  ).catch(withoutRight);
  const of = `FROM stl_wlm_query WHERE ${OF_USERS} AND ${WHEN('service_class_start_time')}`;
  const counted = sums('total_queue_time', 'total_exec_time');
  const totals = await ask('the waits', `SELECT service_class, ${counted} ${of} GROUP BY 1 ORDER BY 1`);
  const hours = await ask(
    'the waits by hour',
    `SELECT service_class, DATE_TRUNC('hour', service_class_start_time) AS hour, ${counted} ${of} GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const disk = await ask(
    'what went to disk',
    `SELECT service_class, COUNT(DISTINCT q.query) AS queries FROM stl_wlm_query q JOIN svl_query_summary s ON s.query = q.query WHERE s.is_diskbased = 't' AND ${OF_USERS} AND ${WHEN('service_class_start_time')} GROUP BY 1`,
  ).catch(() => undefined);
  // A queue without queries is included, and so is one whose configuration this user may not see.
  const classes = [...new Set([...config, ...totals].map((row) => Number(row.service_class)))].sort((a, b) => a - b);
  const isClass = (serviceClass: number) => (row: Row) => Number(row.service_class) === serviceClass;
  const queues = classes.map((serviceClass): Queue => {
    const set = config.find(isClass(serviceClass));
    const milliseconds = Number(set?.max_execution_time ?? 0);
    return {
      serviceClass,
      name: set?.name ? String(set.name) : `service class ${serviceClass}`,
      conditions: conditions.filter((row) => Number(row.class) === serviceClass).map((row) => String(row.condition)),
      slots: positive(set?.num_query_tasks),
      memoryMiB: positive(set?.query_working_mem),
      timeoutSeconds: milliseconds > 0 ? milliseconds / 1_000 : null,
      concurrencyScaling: String(set?.scaling ?? '').toLowerCase() === 'auto',
      ...totalOf(totals.find(isClass(serviceClass))),
      toDisk: disk === undefined ? null : Number(disk.find(isClass(serviceClass))?.queries ?? 0),
      hours: hours.filter(isClass(serviceClass)).map(hourOf),
    };
  });
  const isAutomatic = classes.some((serviceClass) => serviceClass >= FIRST_AUTOMATIC);
  return { management: isAutomatic ? 'automatic' : 'manual', queues };
}

async function ofServerless(ask: Ask): Promise<Pick<QueueReport, 'queues' | 'capacity'>> {
  const of = `FROM sys_query_history WHERE ${WHEN('start_time')}`;
  const counted = sums('queue_time', 'execution_time');
  const [total] = await ask('the waits', `SELECT ${counted} ${of}`);
  const hours = await ask(
    'the waits by hour',
    `SELECT DATE_TRUNC('hour', start_time) AS hour, ${counted} ${of} GROUP BY 1 ORDER BY 1`,
  );
  const [used] = await ask(
    'the capacity',
    `SELECT MAX(compute_capacity) AS most, SUM(charged_seconds) AS charged FROM sys_serverless_usage WHERE ${WHEN('start_time')}`,
  ).catch(withoutRight);
  const queue: Queue = {
    serviceClass: null,
    name: 'the workgroup',
    conditions: [],
    slots: null,
    memoryMiB: null,
    timeoutSeconds: null,
    concurrencyScaling: false,
    ...totalOf(total),
    toDisk: null,
    hours: hours.map(hourOf),
  };
  const capacity = { mostRpus: Number(used?.most ?? 0), chargedSeconds: Number(used?.charged ?? 0) };
  return { queues: [queue], capacity: used === undefined ? null : capacity };
}

/** A plain user gets no rows, or this error. */
function withoutRight(error: Error): Row[] {
  if (/permission denied/i.test(error.message)) return [];
  throw error;
}

/** Automatic WLM reports -1. */
function positive(value: Row[string] | undefined): number | null {
  return value === undefined || value === null || Number(value) <= 0 ? null : Number(value);
}

function totalOf(row: Row = {}) {
  const seconds = (value: Row[string] | undefined) => Number(value ?? 0) / MICROSECONDS;
  return {
    queries: Number(row.queries ?? 0),
    waited: Number(row.waited ?? 0),
    waitSeconds: seconds(row.wait),
    executionSeconds: seconds(row.execution),
    p95WaitSeconds: seconds(row.p95),
    worstWaitSeconds: seconds(row.worst),
    longestSeconds: seconds(row.longest),
  };
}

function hourOf(row: Row): Hour {
  const { queries, waitSeconds, executionSeconds, p95WaitSeconds, worstWaitSeconds } = totalOf(row);
  const at = new Date(`${String(row.hour).replace(' ', 'T').slice(0, 19)}Z`);
  return { at, queries, waitSeconds, executionSeconds, p95WaitSeconds, worstWaitSeconds };
}

function timestamp(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
