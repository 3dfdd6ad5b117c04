import type { buildConnector } from 'undici';
// Not imported from 'undici' itself: see undici-agent.d.ts. That would cost 30 ms and 6 MiB at each cold start.
import Agent from 'undici/lib/dispatcher/agent.js';
import type { SourceGuard } from '../guard/source-guard.ts';
import { dial } from './dial.ts';
import { skipContinue } from './skip-continue.ts';

/**
 * An agent of undici that gets its sockets from `dial`, for all code that sends requests to hosts that somebody else
 * chose.
 *
 * The agent checks addresses. The caller has to check URLs with `guard.checkUrl` before each request, because a kept
 * socket is not dialled again.
 */
export function guardedAgent(
  guard: SourceGuard,
  options: Agent.Options & { readonly connectSeconds: number; readonly ca?: string | undefined },
): Agent {
  const { connectSeconds, ca, ...rest } = options;
  const connect: buildConnector.connector = ({ hostname, protocol, port }, callback) => {
    const tls = protocol === 'https:';
    dial(guard, { host: hostname, port: Number(port || (tls ? 443 : 80)), tls, ca, connectSeconds }).then(
      (socket) => callback(null, skipContinue(socket)),
      (error: Error) => callback(error, null),
    );
  };
  return new Agent({ allowH2: false, pipelining: 1, ...rest, connect });
}
