import type { Agent, Dispatcher } from 'undici';
import { guardedAgent } from '#net/dial/guarded-agent.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { whenAborted } from '#net/signals.ts';
import { timerMilliseconds } from '#net/wait.ts';
import { SourceFaultError } from '../errors.ts';
import { connectionError } from './connection-error.ts';
import type { Headers, SourceAnswer, SourceRequest } from './reader.ts';
import { UndiciBody } from './undici-body.ts';

/** 100 and 103 come once or twice. They would go on until the time for a head is up, a core busy with them. */
const MOST_INTERIM = 32;

/**
 * Reads by undici's dispatch interface: chunks go from its parser straight into the part's buffer, with no stream and no
 * queue between.
 *
 * @throws SourceFaultError where no answer's head came, SourceForbiddenError where the guard forbids the address.
 */
export function undiciReader(request: SourceRequest): Promise<SourceAnswer> {
  return read(request, agentFor(request.guard, request.limits.connectSeconds, request.ca));
}

function read(request: SourceRequest, agent: Dispatcher): Promise<SourceAnswer> {
  const { url, limits, signal } = request;
  return new Promise((resolve, reject) => {
    let body: UndiciBody | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let interim = 0;
    let forget: (() => void) | undefined;
    const late = () => stop(new SourceFaultError(`${url.origin} sent no answer within ${limits.headSeconds} s`));
    const timer = setTimeout(late, timerMilliseconds(limits.headSeconds * 1_000));
    const close = () => {
      forget?.();
      request.onClosed();
    };
    const fail = (error: unknown) => {
      clearTimeout(timer);
      if (body !== undefined) body.onError(error);
      else if (!settled) reject(error);
      if (!settled || body !== undefined) close();
      settled = true;
    };
    // undici tells of an abort by onResponseError, but for a request that it hasn't begun: that one is told here.
    const stop = (error: unknown) => {
      if (controller === undefined) fail(error);
      else controller.abort(error as Error);
    };
    if (signal.aborted) return fail(signal.reason);
    forget = whenAborted(signal, () => stop(signal.reason));

    agent.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method: 'GET', headers: request.headers },
      {
        onRequestStart(started) {
          controller = started;
          if (settled) started.abort(new SourceFaultError('given up before it began'));
        },
        onResponseStart(started, status, headers) {
          if (status < 200) {
            interim += 1;
            if (interim > MOST_INTERIM) {
              stop(new SourceFaultError(`${url.origin} sent ${interim} provisional answers, and none that counts`));
            }
            return;
          }
          clearTimeout(timer);
          body = new UndiciBody(url.origin, started, limits);
          settled = true;
          resolve({ url, status, headers: plainHeaders(headers), body });
        },
        onResponseData(_, chunk) {
          body?.onData(chunk);
        },
        onResponseEnd() {
          body?.onEnd();
          close();
        },
        onResponseError(_, error) {
          fail(signal.aborted ? signal.reason : connectionError(url, error));
        },
      },
    );
  });
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Headers {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

const SETTINGS: Agent.Options = {
  // The engine's own clocks, which also run while a reader applies backpressure (nodejs/undici issue 5393).
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: 65_536,
};

const agents = new WeakMap<SourceGuard, Map<string, Agent>>();

/** Connections are kept for the process, an agent for each way to connect. How many there are is `HostGate`'s matter. */
function agentFor(guard: SourceGuard, connectSeconds: number, ca: string | undefined): Agent {
  const ofGuard = agents.get(guard) ?? new Map<string, Agent>();
  agents.set(guard, ofGuard);
  const key = `${connectSeconds} ${ca ?? ''}`;
  const known = ofGuard.get(key);
  if (known !== undefined) return known;
  const agent = guardedAgent(guard, { ...SETTINGS, connectSeconds, ca });
  ofGuard.set(key, agent);
  return agent;
}
