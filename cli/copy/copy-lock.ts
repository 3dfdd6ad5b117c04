import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CommandError } from '../command-error.ts';

/** SQLite's codes of results. The last eight bits are the kind. */
const BUSY = 5;
/** The file was removed after it was opened. */
const READONLY_DBMOVED = 1_032;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
/** The longest wait for another process that is just taking or giving back the lock. */
const WAIT_MILLISECONDS = 200;
/** How often the file may vanish while this process takes the lock. */
const MOST_ROUNDS = 100;
const MOST_TOKEN = 2 ** 31 - 1;

/**
 * Keeps two processes of one machine from copying the same URL to the same object at the same time. Both would continue
 * the upload of the same record, and S3 would complete it under the other one's hands.
 *
 * The lock is SQLite's on a file of its own, because the operating system gives such a lock back when its process ends,
 * however it ends. No other code may open the file: closing it would give the lock back, too.
 */
export class CopyLock implements Disposable {
  readonly #file: string;
  readonly #database: DatabaseSync;

  private constructor(file: string, database: DatabaseSync) {
    this.#file = file;
    this.#database = database;
  }

  /**
   * @param object for the error.
   * @throws CommandError if another process has the lock, or the file can't be locked.
   */
  static take(file: string, object: string): CopyLock {
    const token = randomInt(1, MOST_TOKEN);
    for (let round = 1; ; round++) {
      const database = opened(file);
      const taken = takeIn(database, token, file);
      // Another process may have removed the file between the opening and the lock. Then this lock is worth nothing.
      if (taken === true && tokenAt(file) === token) return new CopyLock(file, database);
      database.close();
      if (typeof taken === 'boolean') {
        if (round === MOST_ROUNDS) throw unlockable(file, new Error('it vanishes each time'));
        continue;
      }
      const who = taken.pid === undefined ? 'another process' : `another process (${taken.pid})`;
      throw new CommandError('copy-under-way', `${object}: ${who} is copying the same URL to it`);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#file, { force: true });
    this.#database.close();
  }
}

function opened(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: WAIT_MILLISECONDS });
  } catch (error) {
    throw unlockable(file, error);
  }
}

function unlockable(file: string, cause: unknown): CommandError {
  const { errcode = 0, message } = cause as Error & { errcode?: number };
  // A crash of the machine may have cut the file off.
  const isBroken = errcode === CORRUPT || errcode === NOT_A_DATABASE;
  return new CommandError(
    errcode === FULL ? 'disk-full' : 'file-permission',
    `the file ${file} can't be locked: ${message}`,
    { cause, mend: isBroken ? 'remove it' : 'set XDG_STATE_HOME to a folder on a local disk that you can write to' },
  );
}

/** @returns the process that has the lock, if it is another; false if the file was removed meanwhile. */
function takeIn(database: DatabaseSync, token: number, file: string): boolean | { readonly pid: number | undefined } {
  try {
    // Others can read what is committed. The second transaction stays open, and is the lock. A journal on disk would be
    // mistaken for the one of the next file with this name.
    database.exec(
      `PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; PRAGMA application_id = ${token}; COMMIT; BEGIN IMMEDIATE`,
    );
    return true;
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number };
    if (errcode === READONLY_DBMOVED) return false;
    if ((errcode & 0xff) === BUSY) return { pid: pidIn(database) };
    database.close();
    throw unlockable(file, error);
  }
}

/** @returns undefined if the other process is just writing it, or has not written it yet. */
function pidIn(database: DatabaseSync): number | undefined {
  try {
    const pid = numberIn(database, 'user_version');
    return pid === 0 || pid === process.pid ? undefined : pid;
  } catch {
    return undefined;
  }
}

function tokenAt(file: string): number | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: WAIT_MILLISECONDS });
    return numberIn(database, 'application_id');
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}

function numberIn(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
