import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { renderRunPage } from '#page/run/run-page.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { RUN_ID_PATTERN } from '#run/ids.ts';
import { RUNS_PAGE_KEY, runKeys } from '#run/keys.ts';
import { NoSuchRunError } from '#run/plan/plan-summary.ts';
import { httpStatus, readJson, type Store } from '#run/store.ts';
import { LiveView } from './live-view.ts';

/** If several windows request a page, it is drawn at most once in this time. */
const FRESH_MS = 1_500;
/** A window sends a request every two seconds. A closed window sends none. */
const LAST_LOOK_MS = 6_000;

/** The files of a run that a page links to. */
const FILES: Readonly<Record<string, string>> = {
  'report.html': 'text/html; charset=utf-8',
  'manifest.json': 'application/json',
  'items.jsonl': 'application/jsonl',
};

export interface PageServer extends AsyncDisposable {
  /** Where the page of the run is. */
  readonly url: string;
  /** Waits until an open window has received the page of the run's end, for at most six seconds. */
  lastLook(): Promise<void>;
}

interface Drawn {
  readonly body: Uint8Array | string;
  readonly type: string;
  readonly isLast: boolean;
}

/**
 * Serves the page of a run only on this machine, updated during the run, and the pages of ended runs that it links to.
 * It reads only what the command itself may read.
 *
 * @param port 0 for any free one.
 */
export async function servePage(store: Store, runId: string, port = 0): Promise<PageServer> {
  const view = new LiveView(store, runId);
  const keys = runKeys(runId);
  let drawn: { readonly at: number; readonly page: Promise<Drawn> } | undefined;
  let askedAt = 0;
  const lastTaken = Promise.withResolvers<void>();

  const draw = async (): Promise<Drawn> => {
    const manifest = await readJson(store, keys.manifest, manifestSchema);
    if (manifest !== undefined) return { ...(await stored(store, keys.report, 'report.html')), isLast: true };
    try {
      return { body: renderRunPage(await view.look()), type: FILES['report.html'] ?? '', isLast: false };
    } catch (error) {
      if (!(error instanceof NoSuchRunError)) throw error;
      const page =
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>The run begins</title><p>The run has not planned its items yet.</p></html>';
      return { body: page, type: FILES['report.html'] ?? '', isLast: false };
    }
  };
  const living = (): Promise<Drawn> => {
    if (drawn === undefined || performance.now() - drawn.at > FRESH_MS) drawn = { at: performance.now(), page: draw() };
    return drawn.page;
  };

  const server = createServer(async (request, response) => {
    try {
      const refusal = refusalOf(request, (server.address() as AddressInfo).port);
      if (refusal !== undefined) return say(response, ...refusal);
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      if (path === '/') return void response.writeHead(302, { location: `/${keys.report}` }).end();
      if (path === `/${keys.report}`) {
        askedAt = performance.now();
        const page = await living();
        give(request, response, page);
        if (page.isLast) response.once('close', () => lastTaken.resolve());
        return;
      }
      give(request, response, await storedAt(store, path));
    } catch (error) {
      const status = httpStatus(error) === 404 ? 404 : 502;
      say(response, status, status === 404 ? 'There is no such page.' : (error as Error).message);
    }
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}/${keys.report}`,
    async lastLook() {
      if (performance.now() - askedAt > LAST_LOOK_MS) return;
      await Promise.race([lastTaken.promise, delay(LAST_LOOK_MS, undefined, { ref: false })]);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * A page of another site in the same browser must not read anything here, not even with a host name of its own that
 * resolves to this machine.
 */
function refusalOf({ method, headers }: IncomingMessage, port: number): [status: number, words: string] | undefined {
  if (method !== 'GET' && method !== 'HEAD') return [405, 'Pages are only read.'];
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`) {
    return [403, 'This page is served only to this machine: open it with 127.0.0.1.'];
  }
  return undefined;
}

function say(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${words}\n`);
}

function give({ method, headers }: IncomingMessage, response: ServerResponse, { body, type }: Drawn): void {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const head = { etag, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-type': type };
  if (headers['if-none-match'] === etag) response.writeHead(304, head).end();
  else response.writeHead(200, head).end(method === 'HEAD' ? undefined : body);
}

/** @throws S3's 404 if the path does not belong to a page. */
function storedAt(store: Store, path: string): Promise<Drawn> {
  if (path === `/${RUNS_PAGE_KEY}`) return stored(store, RUNS_PAGE_KEY, 'report.html');
  const [, folder, run = '', file = '', ...more] = path.split('/');
  const isPage = folder === 'runs' && RUN_ID_PATTERN.test(run) && Object.hasOwn(FILES, file) && more.length === 0;
  if (!isPage) throw Object.assign(new Error('no page'), { $metadata: { httpStatusCode: 404 } });
  return stored(store, `runs/${run}/${file}`, file);
}

async function stored(store: Store, key: string, file: string): Promise<Drawn> {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
  const body = (await Body?.transformToByteArray()) ?? new Uint8Array();
  return { body, type: FILES[file] ?? 'text/plain', isLast: false };
}
