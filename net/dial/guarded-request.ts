import type { Dispatcher } from 'undici';
// Not imported from 'undici' itself, as in guarded-agent.ts.
import request from 'undici/lib/api/api-request.js';

/**
 * undici's `request` over an agent of `guardedAgent`. It follows no redirect. The agent checks addresses; the caller
 * has to check the URL with `guard.checkUrl`.
 */
export function guardedRequest(
  agent: Dispatcher,
  url: URL,
  options: Pick<Dispatcher.RequestOptions, 'headers' | 'body' | 'signal' | 'headersTimeout' | 'bodyTimeout'> & {
    readonly method?: Dispatcher.HttpMethod;
  } = {},
): Promise<Dispatcher.ResponseData> {
  return request.call(agent, {
    method: 'GET',
    ...options,
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
  });
}
