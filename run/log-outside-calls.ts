import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { type OwnCall, ownCalls } from '#net/own-calls.ts';
import { redactUrl } from '#net/redact.ts';

/** What a log line at debug level contains about a call to another system. */
export interface OutsideCall {
  readonly method: string;
  /** The URL without credentials and query values. */
  readonly url: string;
  readonly status?: number | undefined;
  readonly error?: string | undefined;
  /** Milliseconds to the head of the answer. */
  readonly milliseconds: number;
}

/**
 * Logs every call of this process to another system, with its status and time, if the logger's level is `DEBUG`: calls
 * to AWS (`node:http`), to sources and to S3 by the engine's own sockets, and to pages and tokens (undici). Node's
 * diagnostics channels report the calls, so the clients need no changes.
 *
 * @param level of the logger, by its name. At any other level than `DEBUG`, nothing listens to the channels, and
 * nothing is measured.
 * @param debug writes the line.
 */
export function logOutsideCalls(level: string, debug: (message: string, call: OutsideCall) => void): void {
  if (level !== 'DEBUG') return;
  const log = (call: OutsideCall) => debug('called', { ...call, milliseconds: Math.round(call.milliseconds) });
  const began = new WeakMap<object, number>();
  const since = (request: object) => performance.now() - (began.get(request) ?? performance.now());
  const begins = (message: unknown) => {
    began.set((message as { request: object }).request, performance.now());
  };

  subscribe('http.client.request.start', begins);
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    log({ ...ofNode(request), status: response.statusCode, milliseconds: since(request) });
  });
  subscribe('http.client.request.error', (message) => {
    const { request, error } = message as { request: ClientRequest; error: Error };
    log({ ...ofNode(request), error: error.name, milliseconds: since(request) });
  });

  subscribe('undici:request:create', begins);
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as { request: UndiciRequest; response: { statusCode: number } };
    log({ ...ofUndici(request), status: response.statusCode, milliseconds: since(request) });
  });
  subscribe('undici:request:error', (message) => {
    const { request, error } = message as { request: UndiciRequest; error: Error };
    log({ ...ofUndici(request), error: error.name, milliseconds: since(request) });
  });

  ownCalls.subscribe((message) => log(message as OwnCall));
}

interface UndiciRequest {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
}

function ofUndici({ origin, path, method }: UndiciRequest) {
  return { method, url: redactUrl(`${origin}${path}`) };
}

function ofNode(request: ClientRequest) {
  const { method, protocol, path } = request;
  return { method, url: redactUrl(`${protocol}//${request.getHeader('host') ?? request.host}${path}`) };
}
