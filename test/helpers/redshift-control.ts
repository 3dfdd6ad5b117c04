import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RedshiftStandIn } from '#local/redshift/stand-in.ts';
import { generateWeek, type WeekOf } from '#local/redshift/week-of-queries.ts';

/** What the tests of another process can do with a stand-in for Redshift. */
export interface RedshiftControl {
  /** Stops the next statement that has such an SQL before it runs that SQL. */
  hold(pattern: string): Promise<{ reached(): Promise<void>; release(): Promise<void> }>;
  /** The states of all statements that have such an SQL, the newest last. */
  statesOf(pattern: string): Promise<string[]>;
  /** Fills the system tables with a week of queries before `until`. */
  generateWeek(of: WeekOf, until: Date): Promise<void>;
}

/** Serves a stand-in to the tests of other processes. @returns the URL, and what stops it. */
export async function serveRedshiftControl(redshift: RedshiftStandIn) {
  const holds: ReturnType<RedshiftStandIn['statements']['hold']>[] = [];
  const actions: Readonly<Record<string, (body: Record<string, string>) => unknown>> = {
    hold: ({ pattern = '' }) => holds.push(redshift.statements.hold(new RegExp(pattern))) - 1,
    reached: async ({ hold }) => await holds[Number(hold)]?.reached,
    release: ({ hold }) => holds[Number(hold)]?.release(),
    states: ({ pattern = '' }) =>
      redshift.statements
        .all()
        .filter(({ parts }) => parts.some(({ sql }) => new RegExp(pattern).test(sql)))
        .map(({ state }) => state),
    week: ({ of, until = '' }) => generateWeek(redshift.database, of as WeekOf, new Date(until)),
  };
  const server = createServer(async (request, response) => {
    try {
      const act = actions[request.url?.slice(1) ?? ''];
      const answer = await act?.(JSON.parse(await textOf(request)) as Record<string, string>);
      response.writeHead(act === undefined ? 404 : 200).end(JSON.stringify(answer ?? null));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
}

/** @param url where {@link serveRedshiftControl} serves. */
export function redshiftControl(url: string): RedshiftControl {
  const ask = async <T>(action: string, body: Record<string, unknown>): Promise<T> => {
    const answer = await fetch(`${url}${action}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(300_000),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as T;
  };
  return {
    hold: async (pattern) => {
      const hold = await ask<number>('hold', { pattern });
      return { reached: () => ask('reached', { hold }), release: () => ask('release', { hold }) };
    },
    statesOf: (pattern) => ask('states', { pattern }),
    generateWeek: (of, until) => ask('week', { of, until: until.toISOString() }),
  };
}
