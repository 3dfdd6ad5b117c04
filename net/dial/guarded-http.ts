/**
 * For code that sends its own HTTP requests to hosts that somebody else chose. This is a separate entry point because
 * it loads undici, which takes a good part of a cold start, and which the engine seldom needs.
 */
export { guardedAgent } from './guarded-agent.ts';
export { guardedRequest } from './guarded-request.ts';
