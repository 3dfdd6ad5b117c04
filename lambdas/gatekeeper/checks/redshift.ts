import type { LoadRecord } from '#run/ledger/load-record.ts';
import type { Finding } from './check.ts';

/**
 * Ready when every table of a run is loaded. The progress contains the state of each load's statement in the warehouse,
 * in the Data API's words.
 *
 * @param loads the loads that have begun.
 * @param tables the number of all tables.
 */
export function redshiftCheck(loads: readonly LoadRecord[], tables: number): Finding {
  const done = loads.filter(({ state }) => state === 'loaded' || state === 'nothing');
  const others = loads.filter((load) => !done.includes(load)).map(describe);
  return {
    ready: done.length === tables,
    progress: [`${done.length} of ${tables} tables loaded`, ...others].join('; '),
  };
}

function describe({ table, state, statement, error }: LoadRecord): string {
  if (state !== 'loading') return `${table} ${state}`;
  if (statement === null) return `${table}: ${error?.message ?? 'about to begin'}`;
  return `${table}: ${statement.state} since ${statement.at}${error === null ? '' : `; ${error.message}`}`;
}
