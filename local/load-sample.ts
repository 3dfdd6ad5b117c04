import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { Screen } from '#cli/screen/screen.ts';
import { renderTable } from '#cli/screen/table.ts';
import { queueLines } from '#cli/wlm/queue-lines.ts';
import { queuePage } from '#cli/wlm/queue-page.ts';
import { requestLimits } from '#run/aws-requests.ts';
import type { LoadOutcome } from '#run/end/manifest.ts';
import { type DataApi, query, REQUEST_SECONDS } from '#warehouse/data-api.ts';
import { adviceOf } from '#warehouse/queues/advice.ts';
import { readLastDays } from '#warehouse/queues/read-queues.ts';
import { name } from '#warehouse/sql.ts';
import type { StackOutputs } from './deploy.ts';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';
import { COPY_ROLE_ARN, newCopyRole } from './redshift/set-up.ts';
import type { RedshiftStandIn } from './redshift/stand-in.ts';
import { generateWeek } from './redshift/week-of-queries.ts';

/** A provisioned cluster, because Serverless has no queues to show. */
const CLUSTER = 'sample';
const DATABASE = 'dev';

const HOUR = 3_600_000;

/** Settings of a deployment that loads into the stand-in. */
export const LOAD_SETTINGS = {
  'redshift.cluster': CLUSTER,
  'redshift.database': DATABASE,
  'redshift.copyRole': COPY_ROLE_ARN,
  'redshift.intervalSeconds': 1,
  'redshift.watch': true,
};

/** The columns in the order of the Parquet files, which COPY uses. */
const TABLES: Readonly<Record<string, string>> = {
  'raw.airports':
    'iata VARCHAR(10), name VARCHAR(200), city VARCHAR(100), state VARCHAR(10), country VARCHAR(100), latitude DOUBLE PRECISION, longitude DOUBLE PRECISION',
  'raw.seattle_weather':
    'date DATE, precipitation DOUBLE PRECISION, temp_max DOUBLE PRECISION, temp_min DOUBLE PRECISION, wind DOUBLE PRECISION, weather VARCHAR(20)',
};

/** Rows of each table. */
type RowCounts = Readonly<Record<string, number>>;

/** Starts the stand-in. Its Postgres is loaded only here, because it is large. */
export async function startRedshift(): Promise<RedshiftStandIn> {
  const { startRedshiftStandIn } = await import('./redshift/stand-in.ts');
  return startRedshiftStandIn();
}

/**
 * Does what an administrator does before the first load (docs/redshift.md), and generates a week of other people's
 * queries.
 *
 * @returns a connection to the warehouse with the administrator's rights.
 */
export async function setUpWarehouse(
  aws: Pick<EmbeddedAws, 'client'>,
  outputs: StackOutputs,
  redshift: RedshiftStandIn,
): Promise<DataApi> {
  const api: DataApi = {
    client: new RedshiftDataClient({ ...aws.client, ...requestLimits(REQUEST_SECONDS) }),
    warehouse: { cluster: CLUSTER, database: DATABASE },
  };
  await newCopyRole(aws, outputs.BucketName);
  const [user, watcher] = [name(outputs.WarehouseUser ?? ''), name(outputs.WarehouseWatchUser ?? '')];
  await query(api, {
    name: 'sample: set-up',
    sqls: [
      'CREATE SCHEMA raw',
      'CREATE SCHEMA sluice',
      ...Object.entries(TABLES).map(([table, columns]) => `CREATE TABLE ${table} (${columns})`),
      `CREATE ROLE ${user}`,
      `GRANT USAGE ON SCHEMA raw TO ${user}`,
      `GRANT USAGE, CREATE ON SCHEMA sluice TO ${user}`,
      `GRANT SELECT, INSERT, DELETE ON ${Object.keys(TABLES).join(', ')} TO ${user}`,
      `CREATE ROLE ${watcher} LOGIN`,
      `GRANT ROLE sys:monitor TO ${watcher}`,
    ],
  });
  // It counts hours from there, and its queues have a time of day.
  await generateWeek(redshift.database, 'manual', new Date(Math.floor(Date.now() / HOUR) * HOUR));
  return api;
}

/** The alarms that the queues of the generated week raise. */
const RAISED = ['queue-wait', 'queue-timeout'];
const ALARMS_WAIT_MS = 60_000;

/**
 * Calls the function that the schedule of `redshift.watch` calls once a day, and waits until the alarms have seen its
 * metrics.
 *
 * @returns what is not as it should be, a sentence each.
 */
export async function watchQueues(aws: Pick<EmbeddedAws, 'client'>, outputs: StackOutputs): Promise<string[]> {
  const stack = outputs.StateMachineArn.split(':').at(-1);
  const { FunctionError, Payload } = await new LambdaClient(aws.client).send(
    new InvokeCommand({ FunctionName: `${stack}-watch-queues`, Payload: Buffer.from('{}') }),
  );
  if (FunctionError !== undefined) return [`the queues could not be read: ${Payload?.transformToString()}`];
  const cloudWatch = new CloudWatchClient(aws.client);
  const names = RAISED.map((alarm) => `${stack}-${alarm}`);
  for (const until = Date.now() + ALARMS_WAIT_MS; ; await sleep(500)) {
    const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: names }));
    const silent = names.filter(
      (alarm) => !MetricAlarms.some(({ AlarmName, StateValue }) => AlarmName === alarm && StateValue === 'ALARM'),
    );
    if (silent.length === 0) return [];
    if (Date.now() > until)
      return silent.map((alarm) => `the generated week of queries did not raise the alarm ${alarm}`);
  }
}

/** Counts the rows of the tables, in the tables themselves. */
export async function countRows(api: DataApi): Promise<RowCounts> {
  const counts: Record<string, number> = {};
  for (const table of Object.keys(TABLES)) {
    const [row] = await query(api, { name: 'sample: rows', sqls: [`SELECT COUNT(*) AS rows FROM ${table}`] });
    counts[table] = Number(row?.rows);
  }
  return counts;
}

/** The results of one of the two runs: the loads in its manifest, and the rows in the tables after it. */
export interface LoadedRun {
  readonly loads: readonly LoadOutcome[];
  readonly rows: RowCounts;
}

/** The tables after both runs, a line each. */
export function loadTable(first: LoadedRun, second: LoadedRun): string {
  return renderTable(
    [
      { head: 'table' },
      { head: 'mode' },
      { head: 'rows', align: 'right' },
      { head: 'after a second run', align: 'right' },
      { head: 'the second run' },
    ],
    first.loads.map(({ table, mode }) => {
      const again = second.loads.find((load) => load.table === table);
      return [table, mode, countOf(first, table), countOf(second, table), again === undefined ? '-' : whatItDid(again)];
    }),
  );
}

function countOf({ rows }: LoadedRun, table: string): string {
  return rows[table]?.toLocaleString('en') ?? '-';
}

function whatItDid({ state, rows, heldBack }: LoadOutcome): string {
  if (state === 'nothing' && heldBack > 0) return 'added nothing: its source is unchanged';
  return state === 'loaded' ? `deleted all rows and loaded ${rows?.toLocaleString('en')}` : state;
}

/** Returns what differs from the expected results of the two runs, a sentence each. */
export function checkLoads(first: LoadedRun, second: LoadedRun): string[] {
  const tables = Object.keys(TABLES);
  const problems = tables.flatMap((table) => {
    const load = first.loads.find((one) => one.table === table);
    if (load?.state !== 'loaded')
      return [`${table}: ${load?.state ?? 'no load'}, ${load?.problem?.detail ?? 'but it should be loaded'}`];
    const [rows, again] = [first.rows[table], second.rows[table]];
    return [
      ...(rows === load.rows && rows > 0 ? [] : [`${table} has ${rows} rows, but its load counted ${load.rows}`]),
      ...(rows === again ? [] : [`${table} has ${again} rows after a second run, but had ${rows} before`]),
    ];
  });
  for (const { table, problem } of second.loads)
    if (problem !== null) problems.push(`${table}, the second time: ${problem.detail}`);
  return problems;
}

/** Shows what `sluice wlm` would, and writes its page. */
export async function showQueues(api: DataApi, page: string, screen: Screen): Promise<void> {
  const report = await readLastDays(api, 7);
  const advice = adviceOf(report);
  await writeFile(page, queuePage(report, advice));
  screen.print(queueLines(report, advice, screen.width).join('\n'));
}
