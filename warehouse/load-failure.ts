import { type DataApi, type Described, query } from './data-api.ts';
import type { Step } from './load-statements.ts';

/** The number of rows of `sys_load_error_detail` in a message. */
const DETAILS = 3;

/** Describes why a load failed: Redshift's own message, the step, and the place in the data. */
export async function describeFailure(api: DataApi, said: Described, steps: readonly Step[]): Promise<string> {
  const parts = said.SubStatements ?? [];
  const failed = parts.findIndex(({ Status }) => Status === 'FAILED');
  const message = parts[failed]?.Error ?? said.Error ?? `it ended as ${said.Status}`;
  switch (steps[failed]) {
    case 'keys':
      return 'merge identifies a row by its keys, but some rows to load have the same keys, or no keys: the load wrote nothing';
    case 'copy':
      return [message, ...(await loadErrors(api, parts[failed]?.RedshiftQueryId))].join('; ');
    default:
      return said.Status === 'ABORTED' ? 'somebody cancelled the statement of the load in the warehouse' : message;
  }
}

/** The places in the data at which a COPY failed. A user sees only its own. */
async function loadErrors(api: DataApi, queryId: number | undefined): Promise<string[]> {
  if (queryId === undefined || queryId <= 0) return [];
  try {
    const rows = await query(api, {
      name: 'sluice: why a COPY failed',
      sqls: [
        `SELECT TRIM(file_name) AS file, line_number, TRIM(column_name) AS column_name, TRIM(error_message) AS message FROM sys_load_error_detail WHERE query_id = CAST(:id AS BIGINT) ORDER BY start_time LIMIT ${DETAILS}`,
      ],
      values: { id: queryId },
    });
    return rows.map(({ file, line_number, column_name, message }) => {
      const column = column_name === null || column_name === '' ? '' : `, column ${column_name}`;
      return `${file}, line ${line_number}${column}: ${message}`;
    });
  } catch (error) {
    return [`sys_load_error_detail can't be read: ${(error as Error).message}`];
  }
}

/**
 * Another transaction has interfered, and the next attempt will find the tables free. Redshift's error 1023 and similar
 * ones.
 */
export function isConflict(said: Described): boolean {
  return /serializable isolation violation|\b1023\b|could not serialize|conflict with concurrent transaction|deadlock/i.test(
    said.Error ?? '',
  );
}
