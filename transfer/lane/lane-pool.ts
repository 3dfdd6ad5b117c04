import type { OnReadOpts, Socket } from 'node:net';
import { LaneConnection } from './lane-connection.ts';

/** Servers close idle connections after 5 s (Node) to 75 s (nginx); a request must not be sent at that moment. */
const KEEP_SECONDS = 4;

/** Idle connections to one origin, the last used first. It does not limit how many are in use. */
export class LanePool {
  readonly #idle: LaneConnection[] = [];
  readonly #timers = new Map<LaneConnection, NodeJS.Timeout>();

  /** An idle connection, if there is one. */
  take(): LaneConnection | undefined {
    const connection = this.#idle.pop();
    if (connection !== undefined) this.#forget(connection);
    return connection;
  }

  /** A new connection. @param dial makes its socket. @throws what `dial` throws. */
  async open(dial: (onread: OnReadOpts) => Promise<Socket>): Promise<LaneConnection> {
    const connection = new LaneConnection(() => this.#forget(connection));
    connection.attach(await dial(connection.onread));
    return connection;
  }

  /** Closes the idle connections. */
  closeIdle(): void {
    for (const connection of [...this.#idle]) connection.destroy();
  }

  /** @param keepSeconds from the server's Keep-Alive. */
  giveBack(connection: LaneConnection, keepSeconds = Number.POSITIVE_INFINITY): void {
    // A second less than the server keeps it, because its close may be on the way already.
    const seconds = Math.min(KEEP_SECONDS, keepSeconds - 1);
    if (connection.closed || seconds <= 0) {
      connection.destroy();
      return;
    }
    connection.unref();
    this.#idle.push(connection);
    this.#timers.set(connection, setTimeout(() => connection.destroy(), seconds * 1_000).unref());
  }

  #forget(connection: LaneConnection): void {
    clearTimeout(this.#timers.get(connection));
    this.#timers.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }
}
