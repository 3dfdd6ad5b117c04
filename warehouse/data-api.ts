import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  type DescribeStatementCommandOutput,
  type Field,
  paginateGetStatementResult,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import type { RedshiftSettings } from '#run/settings/redshift.ts';

/** How to reach a warehouse. */
export interface DataApi {
  readonly client: RedshiftDataClient;
  readonly warehouse: Pick<RedshiftSettings, 'workgroup' | 'cluster' | 'database' | 'secretArn' | 'dbUser'>;
}

/** A short query ran too long, or failed. */
export class WarehouseError extends Error {
  override readonly name = 'WarehouseError';
}

/** A short query waited for something, such as a lock; it was cancelled, and can be sent again. */
export class WarehouseBusyError extends Error {
  override readonly name = 'WarehouseBusyError';
}

/** The longest wait of the Data API in one request. */
const WAIT_SECONDS = 30;
/** How often a short query is waited for. */
const WAITS = 2;
/** The time limit of a request, beyond the wait of the API. */
export const REQUEST_SECONDS = WAIT_SECONDS + 15;

/** A value of a statement's parameters. */
export type Value = string | number;

/** A request to the API to run statements. */
export interface Request {
  /** They run in order, as one transaction. */
  readonly sqls: readonly string[];
  /** Each must occur in one of the SQLs, as `:name`. */
  readonly values?: Readonly<Record<string, Value>> | undefined;
  /** The name that a person sees. */
  readonly name: string;
  /** Two submissions with the same token are one. */
  readonly token?: string | undefined;
}

/** Submits statements that run as one transaction. @returns the id for all other calls. */
export async function submit(api: DataApi, request: Request, waitSeconds = 0): Promise<string> {
  const { workgroup, cluster, database, secretArn, dbUser } = api.warehouse;
  const { Id } = await api.client.send(
    new BatchExecuteStatementCommand({
      Sqls: [...request.sqls],
      ...(workgroup === undefined ? { ClusterIdentifier: cluster } : { WorkgroupName: workgroup }),
      Database: database,
      ...(secretArn !== undefined && { SecretArn: secretArn }),
      ...(dbUser !== undefined && { DbUser: dbUser }),
      StatementName: request.name,
      ...(request.token !== undefined && { ClientToken: request.token }),
      ...(request.values !== undefined &&
        Object.keys(request.values).length > 0 && {
          Parameters: Object.entries(request.values).map(([name, value]) => ({ name, value: String(value) })),
        }),
      ...(waitSeconds > 0 && { WaitTimeSeconds: waitSeconds }),
    }),
  );
  if (Id === undefined) throw new WarehouseError('the Data API answered a statement without an id');
  return Id;
}

/** The state of a statement. */
export type Described = DescribeStatementCommandOutput;

/** Reads the state of a statement. */
export function describe(api: DataApi, id: string, waitSeconds = 0): Promise<Described> {
  return api.client.send(
    new DescribeStatementCommand({ Id: id, ...(waitSeconds > 0 && { WaitTimeSeconds: waitSeconds }) }),
  );
}

export function isOver({ Status }: Described): boolean {
  return Status === 'FINISHED' || Status === 'FAILED' || Status === 'ABORTED';
}

/** Stops a statement. @returns its state then; a statement that had ended before keeps its end. */
export async function cancel(api: DataApi, id: string): Promise<Described> {
  try {
    await api.client.send(new CancelStatementCommand({ Id: id }));
  } catch (error) {
    // It may have ended a moment ago.
    if ((error as Error).name !== 'ValidationException') throw error;
  }
  return waitFor(api, id);
}

async function waitFor(api: DataApi, id: string): Promise<Described> {
  let last = await describe(api, id, WAIT_SECONDS);
  for (let wait = 1; wait < WAITS && !isOver(last); wait++) last = await describe(api, id, WAIT_SECONDS);
  return last;
}

export type Row = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Runs short statements as one transaction, and reads the rows of the last one.
 *
 * @throws WarehouseError with Redshift's own message if it fails; WarehouseBusyError if it isn't done within a minute,
 * and was cancelled.
 */
export async function query(api: DataApi, request: Request): Promise<Row[]> {
  const id = await submit(api, request, WAIT_SECONDS);
  let said = await waitFor(api, id);
  if (!isOver(said)) {
    said = await cancel(api, id);
    if (!isOver(said) || said.Status === 'ABORTED') {
      throw new WarehouseBusyError(`${request.name} waits for more than ${WAIT_SECONDS * WAITS} s in the warehouse`);
    }
  }
  if (said.Status !== 'FINISHED') {
    throw new WarehouseError(`${request.name} failed in the warehouse: ${said.Error ?? said.Status}`);
  }
  const last = said.SubStatements?.at(-1);
  return last?.HasResultSet === true ? rowsOf(api, last.Id ?? id) : [];
}

/** Returns the rows that a statement, or one SQL of it, returned. */
export async function rowsOf(api: DataApi, id: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of paginateGetStatementResult({ client: api.client }, { Id: id })) {
    const columns = page.ColumnMetadata?.map(({ name = '' }) => name) ?? [];
    for (const record of page.Records ?? []) {
      rows.push(Object.fromEntries(record.map((field, index) => [columns[index] ?? '', plainValue(field)])));
    }
  }
  return rows;
}

function plainValue(field: Field): Row[string] {
  if (field.isNull === true) return null;
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null;
}
