import type { Dispatcher } from 'undici';
// As in guarded-agent.ts, not from 'undici' itself.
import request from 'undici/lib/api/api-request.js';

/**
 * undici's `request` over an agent of `guardedAgent`. No redirect is followed. The agent checks addresses; the URL is the
 * caller's to check, by `guard.checkUrl`.
 */
export function guardedRequest(
  agent: Dispatcher,
  url: URL,
  options: Pick<Dispatcher.RequestOptions, 'headers' | 'body' | 'signal'> & {
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
