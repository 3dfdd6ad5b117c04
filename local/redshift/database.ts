import type { PGlite } from '@electric-sql/pglite';
import { identifier } from '#processors/table/sql.ts';
import { type Access, copy } from './copy.ts';
import { type LoadErrorDetail, StatementError } from './errors.ts';
import { withNumberedParameters } from './sql-text.ts';
import { SYSTEM_TABLES } from './system-tables.ts';

/** The answer to one statement of a batch. */
export interface Answer {
  readonly rows: readonly (readonly unknown[])[];
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly hasResultSet: boolean;
}

/** Settings of a session that exist in Redshift but not in Postgres. */
const SESSION_SETTING =
  /^\s*(?:SET\s+(query_group|wlm_query_slot_count|statement_timeout)\s+(?:TO|=)\s*(.+)|RESET\s+(query_group|wlm_query_slot_count|statement_timeout))\s*;?\s*$/is;

/** In this place, Postgres has no word ROLE, and a name with a colon needs quotes. */
const GRANT_SYSTEM_ROLE = /^(\s*GRANT)\s+ROLE\s+(sys:\w+)/i;

/** The stand-in's database: a Postgres that needs no server. Statements run one after the other. */
export class Database {
  readonly #postgres: PGlite;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(postgres: PGlite) {
    this.#postgres = postgres;
  }

  /** Opens an empty database in memory. This takes some seconds. */
  static async open(): Promise<Database> {
    const { PGlite } = await import('@electric-sql/pglite');
    const postgres = await PGlite.create();
    await postgres.exec(SYSTEM_TABLES);
    await postgres.exec(
      'GRANT SELECT ON svv_tables, svv_columns, sys_load_error_detail, stl_wlm_query, svl_query_summary, sys_query_history TO PUBLIC',
    );
    await postgres.exec(
      'CREATE ROLE "sys:monitor"; GRANT SELECT ON stv_wlm_service_class_config, stv_wlm_classification_config, sys_serverless_usage TO "sys:monitor"',
    );
    return new Database(postgres);
  }

  close(): Promise<void> {
    return this.#postgres.close();
  }

  /** Runs statements as the stand-in's owner, who may do everything. */
  async run(sql: string): Promise<void> {
    await this.#inTurn(() => this.#postgres.exec(sql));
  }

  /** Runs a query as the stand-in's owner, and returns its rows. */
  async rows<T>(sql: string, values: unknown[] = []): Promise<T[]> {
    return this.#inTurn(async () => (await this.#postgres.query<T>(sql, values)).rows);
  }

  /** Opens a session of a user, in which `use` runs statements. No other statements run meanwhile. */
  session<T>(user: string | undefined, use: (session: Session) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      if (user !== undefined) {
        const { rows } = await this.#postgres.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
        // Redshift too creates a user for temporary credentials.
        if (rows.length === 0) await this.#postgres.exec(`CREATE ROLE ${identifier(user)} LOGIN`);
        // Postgres requires this right for a COPY. In Redshift, the role of the COPY reads.
        await this.#postgres.exec(`GRANT pg_read_server_files TO ${identifier(user)}`);
        await this.#postgres.exec(`SET SESSION AUTHORIZATION ${identifier(user)}`);
      }
      try {
        return await use(new Session(this.#postgres));
      } finally {
        // PGlite's RESET does not reset the user.
        await this.#postgres.exec('SET SESSION AUTHORIZATION postgres; DISCARD TEMP;');
      }
    });
  }

  async recordLoadErrors(queryId: number, details: readonly LoadErrorDetail[]): Promise<void> {
    for (const { file, line, column, message } of details) {
      await this.rows(
        'INSERT INTO sys_load_error_detail (query_id, start_time, file_name, line_number, column_name, error_message) VALUES ($1, now(), $2, $3, $4, $5)',
        [queryId, file.slice(0, 256), line, column.slice(0, 127), message.slice(0, 512)],
      );
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** The settings of a session at the time when a statement ran. */
export type SessionSettings = Readonly<Record<string, string>>;

/** Statements that share a transaction and settings. */
export class Session {
  readonly settings: Record<string, string> = {};
  readonly #postgres: PGlite;

  constructor(postgres: PGlite) {
    this.#postgres = postgres;
  }

  begin = () => this.#postgres.exec('BEGIN');
  commit = () => this.#postgres.exec('COMMIT');
  rollback = () => this.#postgres.exec('ROLLBACK');

  /** @throws StatementError with the message of Redshift or Postgres, whichever has one for this case. */
  async run(sql: string, parameters: ReadonlyMap<string, string>, access: Access): Promise<Answer> {
    const setting = SESSION_SETTING.exec(sql);
    if (setting) {
      const [, name, value = '', reset] = setting;
      if (name !== undefined) this.settings[name.toLowerCase()] = value.trim().replace(/^'(.*)'$/s, '$1');
      else delete this.settings[String(reset).toLowerCase()];
      return NOTHING;
    }
    if (/^\s*COPY\s/i.test(sql)) {
      const rows = await copy(this.#postgres, sql, access);
      await this.#postgres.query(`SELECT set_config('sluice.copied', $1, false)`, [String(rows)]);
      return NOTHING;
    }
    const numbered = withNumberedParameters(sql.replace(GRANT_SYSTEM_ROLE, '$1 "$2"'), parameters);
    try {
      const { rows, fields } = await this.#postgres.query<unknown[]>(numbered.sql, numbered.values, {
        rowMode: 'array',
        parsers: AS_TEXT,
      });
      const columns = fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));
      return { rows, columns, hasResultSet: fields.length > 0 };
    } catch (cause) {
      const { message } = cause as Error;
      throw new StatementError(`ERROR: ${/division by zero/.test(message) ? 'Divide by zero' : message}`, [], {
        cause,
      });
    }
  }
}

/** Times and decimals as texts, as the Data API sends them: date, time, timestamp, timestamptz, numeric. */
const AS_TEXT = Object.fromEntries([1082, 1083, 1114, 1184, 1700].map((type) => [type, (text: string) => text]));

const NOTHING: Answer = { rows: [], columns: [], hasResultSet: false };
