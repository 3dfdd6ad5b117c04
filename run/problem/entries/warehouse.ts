import type { Entry } from '../entry.ts';

/** Why a load into Redshift fails, or the warehouse does not answer. */
export const WAREHOUSE = {
  'load-failed': {
    title: 'A table of the warehouse could not be loaded',
    names: ['LoadFailedError'],
    meaning:
      'The table is missing or has other columns, its user may not write it, or COPY refused the data. The detail contains the message of Redshift and, if the table is missing, the CREATE TABLE that would fit. The load changed nothing in the table.',
    mend: 'correct what the detail names, then redrive the execution: loaded tables stay, and the redrive loads the others (docs/redshift.md)',
  },
  'load-cancelled': {
    title: 'A load was cancelled before it ended',
    names: ['LoadCancelledError'],
    meaning:
      'Sluice looked at the loads as often as the settings allow, and then cancelled the loads that were still running. Or the execution was stopped or broke, and Sluice cancelled its remaining loads. A cancelled load changed nothing in its table.',
    mend: 'redrive the execution, which loads the other tables, or let loads wait longer',
    allowedBy: 'redshift.attempts, redshift.intervalSeconds',
  },
  'load-reopened': {
    title: 'The run has to be closed again before it is loaded',
    names: ['RunReopenedError'],
    meaning:
      'The execution was stopped during a load, and then redriven. The state machine closes the run again and continues the load automatically.',
    mend: 'wait: the execution continues automatically',
  },
  'warehouse-refused': {
    title: 'The warehouse refused a query',
    names: ['WarehouseError'],
    meaning: 'A query of a system table or of the ledger failed. The detail contains the message of Redshift.',
    mend: 'give the database user the right that the detail names (docs/redshift.md)',
  },
  'warehouse-busy': {
    title: 'The warehouse did not answer in a minute',
    names: ['WarehouseBusyError'],
    meaning:
      'A short query waited for a lock or for its turn, and was cancelled. A load waits and retries automatically.',
    mend: 'try again when the warehouse is less busy',
  },
} as const satisfies Record<string, Entry>;
