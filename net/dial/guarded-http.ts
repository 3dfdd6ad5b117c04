/**
 * For programs that speak HTTP themselves to hosts that somebody else chose. A door of its own, since undici comes in by
 * it: a good part of a cold start, which the engine seldom needs.
 */
export { guardedAgent } from './guarded-agent.ts';
export { guardedRequest } from './guarded-request.ts';
