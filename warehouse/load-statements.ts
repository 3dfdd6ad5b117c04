import { type Load, type TableName, tableNameOf } from '#run/input/load.ts';
import type { RedshiftSettings } from '#run/settings/redshift.ts';
import type { Request } from './data-api.ts';
import { name, names, tableName, text } from './sql.ts';

/** What one transaction loads: a part of a run's objects for one table. */
export interface Part {
  readonly runId: string;
  readonly load: Load;
  /**
   * The number of the part, from 1. A run has a second part only if more objects came after its first part was loaded.
   */
  readonly part: number;
  /** URL of the manifest that names the objects. */
  readonly manifest: string;
  readonly objects: number;
  readonly bytes: number;
}

/** The purpose of each SQL of a load, so that the failed one says what went wrong. */
export type Step = 'settings' | 'lock' | 'once' | 'clear' | 'stage' | 'copy' | 'keys' | 'write' | 'count' | 'record';

/** The table for the rows that merge has read, which only its own session sees. */
const STAGE = '"sluice_stage"';

/** The name of our table that records which runs were loaded into a table. It has its own name, in its own schema. */
export function ledgerTable({ ledgerSchema }: Pick<RedshiftSettings, 'ledgerSchema'>, table: string): TableName {
  return { schema: ledgerSchema, table };
}

/**
 * The SQLs of a load, in order, each with its purpose. They run as one transaction:
 *
 * - The ledger's lock comes first, before the transaction has read any data: Redshift takes a transaction's snapshot at
 *   its first query, so a transaction that waited here sees what the earlier one has written. Only loads into the same
 *   table wait.
 * - `once` fails with a division by zero if the ledger contains the part: plain SQL has no IF, and Redshift enforces no
 *   unique key.
 * - `replace` deletes, and never truncates, because a TRUNCATE commits.
 */
export function loadSteps(part: Part, warehouse: RedshiftSettings): { readonly step: Step; readonly sql: string }[] {
  const { load } = part;
  const target = tableName(tableNameOf(load.table));
  const ledger = tableName(ledgerTable(warehouse, load.table));
  const columns = load.columns === undefined ? '' : ` (${names(load.columns)})`;
  const copyInto = (table: string) => `COPY ${table}${columns} FROM ${copySource(part, warehouse)}`;
  return [
    ...settings(warehouse).map((sql) => ({ step: 'settings' as const, sql })),
    { step: 'lock', sql: `LOCK ${ledger}` },
    {
      step: 'once',
      sql: `SELECT 1 / (CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END) FROM ${ledger} WHERE run_id = :run AND part = CAST(:part AS INT)`,
    },
    ...(load.mode === 'merge'
      ? mergeSteps(load, target, columns, copyInto(STAGE))
      : [
          ...(load.mode === 'replace' ? [{ step: 'clear' as const, sql: `DELETE FROM ${target}` }] : []),
          { step: 'copy' as const, sql: copyInto(target) },
          { step: 'count' as const, sql: COUNT },
        ]),
    {
      step: 'record',
      sql: `INSERT INTO ${ledger} (run_id, part, mode, manifest, objects, bytes, loaded_at) VALUES (:run, CAST(:part AS INT), :mode, :manifest, CAST(:objects AS BIGINT), CAST(:bytes AS BIGINT), CAST(:at AS TIMESTAMP))`,
    },
    ...(warehouse.slots === undefined ? [] : [{ step: 'settings' as const, sql: 'SET wlm_query_slot_count TO 1' }]),
    { step: 'settings', sql: 'RESET query_group' },
  ];
}

/** The rows that the COPY before it has loaded, in this session. */
const COUNT = 'SELECT pg_last_copy_count() AS rows';

function mergeSteps({ keys = [], columns: only }: Load, target: string, columns: string, copy: string) {
  const same = keys.map((key) => `${target}.${name(key)} = ${STAGE}.${name(key)}`).join(' AND ');
  const empty = keys.map((key) => `${name(key)} IS NULL`).join(' OR ');
  const list = names(keys);
  return [
    { step: 'stage' as const, sql: `CREATE TEMP TABLE ${STAGE} (LIKE ${target} INCLUDING DEFAULTS)` },
    { step: 'copy' as const, sql: copy },
    { step: 'count' as const, sql: COUNT },
    {
      // A row that exists twice, or that has no key, would be written each time.
      step: 'keys' as const,
      sql: `SELECT 1 / (CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END) FROM (SELECT ${list} FROM ${STAGE} GROUP BY ${list} HAVING COUNT(*) > 1 OR ${empty}) AS wrong`,
    },
    { step: 'write' as const, sql: `DELETE FROM ${target} USING ${STAGE} WHERE ${same}` },
    {
      step: 'write' as const,
      sql: `INSERT INTO ${target}${columns} SELECT ${only === undefined ? '*' : names(only)} FROM ${STAGE}`,
    },
  ];
}

/** The settings of every session: how long a statement may take, and who runs it. */
function settings({ statementMinutes, queryGroup, slots }: RedshiftSettings): string[] {
  return [
    `SET statement_timeout TO ${Math.round(statementMinutes * 60_000)}`,
    `SET query_group TO ${text(queryGroup)}`,
    ...(slots === undefined ? [] : [`SET wlm_query_slot_count TO ${slots}`]),
  ];
}

function copySource({ manifest, load: { options } }: Part, { copyRole }: RedshiftSettings): string {
  const { format = 'parquet', delimiter, headerLines, nullAs, compression, dateFormat, timeFormat } = options;
  const how = {
    parquet: ['FORMAT AS PARQUET'],
    csv: [
      'FORMAT AS CSV',
      ...(delimiter === undefined ? [] : [`DELIMITER ${text(delimiter)}`]),
      ...(headerLines === undefined ? [] : [`IGNOREHEADER ${headerLines}`]),
      ...(nullAs === undefined ? [] : [`NULL AS ${text(nullAs)}`]),
    ],
    json: [`FORMAT AS JSON 'auto ignorecase'`],
  }[format];
  return [
    text(manifest),
    `IAM_ROLE ${copyRole === 'default' ? 'default' : text(copyRole)}`,
    'MANIFEST',
    ...how,
    ...(compression === undefined ? [] : [compression.toUpperCase()]),
    ...(dateFormat === undefined ? [] : [`DATEFORMAT ${text(dateFormat)}`]),
    ...(timeFormat === undefined ? [] : [`TIMEFORMAT ${text(timeFormat)}`]),
  ].join(' ');
}

/** A load in the form of the Data API. */
export function loadRequest(part: Part, warehouse: RedshiftSettings, token: string, at: Date): Request {
  return {
    sqls: loadSteps(part, warehouse).map(({ sql }) => sql),
    values: {
      run: part.runId,
      part: part.part,
      mode: part.load.mode,
      manifest: part.manifest,
      objects: part.objects,
      bytes: part.bytes,
      at: at.toISOString().replace('T', ' ').replace('Z', ''),
    },
    name: `sluice ${part.runId}`,
    token,
  };
}
