import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Access } from './copy.ts';
import type { Answer, Database, Session, SessionSettings } from './database.ts';
import { StatementError } from './errors.ts';

type State = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED';

/** One SQL statement of a call. */
export interface SubStatement {
  readonly sql: string;
  readonly queryId: number;
  state: State;
  error?: string;
  answer?: Answer;
  /** The session's settings when it ran. */
  settings?: SessionSettings;
}

/** One call of ExecuteStatement or BatchExecuteStatement. */
export interface Statement {
  readonly id: string;
  readonly isBatch: boolean;
  readonly name: string | undefined;
  /** The caller. Other callers can't see the statement. */
  readonly owner: string;
  readonly parts: readonly SubStatement[];
  readonly parameters: ReadonlyMap<string, string>;
  readonly createdAt: Date;
  updatedAt: Date;
  state: State;
  error?: string;
  isCancelled: boolean;
  readonly done: Promise<void>;
}

export interface Submission {
  readonly sqls: readonly string[];
  readonly isBatch: boolean;
  readonly parameters: ReadonlyMap<string, string>;
  readonly name: string | undefined;
  readonly owner: string;
  /** The database user; undefined for the owner of the database. */
  readonly user: string | undefined;
  readonly access: Access;
  readonly clientToken: string | undefined;
}

/** Lets a test hold statements at one point, and check or do something meanwhile. */
export interface Hold {
  /** Settles when a statement waits at this point. */
  readonly reached: Promise<void>;
  release(): void;
}

/** The statements of the Data API: each is a transaction, and they run in the order in which they were submitted. */
export class Statements {
  readonly #database: Database;
  readonly #byId = new Map<string, Statement>();
  readonly #byToken = new Map<string, Statement>();
  readonly #holds: { pattern: RegExp; arrive: () => void; released: Promise<void> }[] = [];
  readonly #failures: { pattern: RegExp; message: string }[] = [];
  #queries = 1_000;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Holds the next statement before it runs an SQL text that matches. */
  hold(pattern: RegExp): Hold {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#holds.push({ pattern, arrive: reached.resolve, released: released.promise });
    return { reached: reached.promise, release: released.resolve };
  }

  /**
   * Makes the next statement with such an SQL text fail. Another session would cause such a failure, but this Postgres
   * has only one.
   */
  fail(pattern: RegExp, message: string): void {
    this.#failures.push({ pattern, message });
  }

  /** All statements that were submitted, the newest last. */
  all(): Statement[] {
    return [...this.#byId.values()];
  }

  get(id: string): Statement | undefined {
    return this.#byId.get(id);
  }

  submit(submission: Submission): Statement {
    const { clientToken, owner } = submission;
    const token = clientToken === undefined ? undefined : `${owner} ${clientToken}`;
    const earlier = token === undefined ? undefined : this.#byToken.get(token);
    if (earlier !== undefined) return earlier;
    const end = Promise.withResolvers<void>();
    const statement: Statement = {
      id: randomUUID(),
      isBatch: submission.isBatch,
      name: submission.name,
      owner,
      parts: submission.sqls.map((sql) => ({ sql, queryId: ++this.#queries, state: 'SUBMITTED' })),
      parameters: submission.parameters,
      createdAt: new Date(),
      updatedAt: new Date(),
      state: 'SUBMITTED',
      isCancelled: false,
      done: end.promise,
    };
    this.#byId.set(statement.id, statement);
    if (token !== undefined) this.#byToken.set(token, statement);
    void this.#run(statement, submission).finally(end.resolve);
    return statement;
  }

  /** @returns whether the statement is cancelled now, or will be cancelled before its next SQL text. */
  cancel(statement: Statement): boolean {
    if (!['SUBMITTED', 'PICKED', 'STARTED'].includes(statement.state)) return false;
    statement.isCancelled = true;
    return true;
  }

  async #run(statement: Statement, { user, access }: Submission): Promise<void> {
    const move = (state: State) => {
      statement.state = state;
      statement.updatedAt = new Date();
    };
    move('PICKED');
    let failed: { part: SubStatement; error: unknown } | undefined;
    await this.#database.session(user, async (session) => {
      if (statement.isCancelled) return move('ABORTED');
      move('STARTED');
      await session.begin();
      for (const part of statement.parts) {
        try {
          await this.#runPart(statement, part, session, access);
        } catch (error) {
          failed = { part, error };
          break;
        }
        if (statement.isCancelled) break;
      }
      if (failed === undefined && !statement.isCancelled) {
        await session.commit();
        return move('FINISHED');
      }
      await session.rollback();
      for (const part of statement.parts) if (part.state !== 'FINISHED') part.state = 'ABORTED';
      if (failed === undefined) return move('ABORTED');
      const { message } = failed.error as Error;
      failed.part.state = 'FAILED';
      failed.part.error = message;
      statement.error = statement.isBatch
        ? `Query #${statement.parts.indexOf(failed.part) + 1} failed with ${message}`
        : message;
    });
    if (failed?.error instanceof StatementError) {
      await this.#database.recordLoadErrors(failed.part.queryId, failed.error.details);
    }
    if (failed !== undefined) move('FAILED');
  }

  async #runPart(statement: Statement, part: SubStatement, session: Session, access: Access): Promise<void> {
    part.state = 'STARTED';
    const began = performance.now();
    const limit = Number(session.settings.statement_timeout ?? 0);
    const found = this.#holds.findIndex(({ pattern }) => pattern.test(part.sql));
    const [hold] = found === -1 ? [] : this.#holds.splice(found, 1);
    if (hold !== undefined) {
      hold.arrive();
      // It polls, because a statement that is held can be cancelled, or exceed its time limit.
      let isReleased = false;
      void hold.released.then(() => {
        isReleased = true;
      });
      while (!isReleased && !statement.isCancelled && (limit === 0 || performance.now() - began < limit))
        await sleep(5);
    }
    if (statement.isCancelled) return;
    if (limit > 0 && performance.now() - began >= limit) {
      throw new StatementError(`ERROR: Query (${part.queryId}) canceled on user's request: statement timeout`);
    }
    const failure = this.#failures.findIndex(({ pattern }) => pattern.test(part.sql));
    const [fails] = failure === -1 ? [] : this.#failures.splice(failure, 1);
    if (fails !== undefined) throw new StatementError(fails.message);
    part.settings = { ...session.settings };
    part.answer = await session.run(part.sql, statement.parameters, access);
    part.state = 'FINISHED';
  }
}
