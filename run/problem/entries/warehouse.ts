import type { Entry } from '../entry.ts';

/** Why a table of the warehouse is not loaded. */
export const WAREHOUSE = {
  'load-failed': {
    title: 'The table could not be loaded',
    names: ['LoadFailedError'],
    meaning:
      'The table, its columns, the data, or the permissions of the database user do not allow the load. Another try changes nothing. The detail lists what is wrong.',
    mend: 'correct the table, the data or the permissions as the detail says, then run the load again ("npx sluice retry RUN")',
  },
  'warehouse-failed': {
    title: 'The warehouse did not do what it was asked',
    names: ['WarehouseError', 'WarehouseBusyError'],
    meaning: 'A short query failed, took too long, or waited for a lock of somebody else.',
    mend: 'look at the queries and locks of the warehouse, and run the load again ("npx sluice retry RUN")',
  },
} as const satisfies Record<string, Entry>;
