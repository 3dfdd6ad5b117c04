import type { Context } from 'aws-lambda';
import { NotReadyError } from '#run/errors.ts';
import { showSourceLines } from '#run/source-lines.ts';
import { logger } from './logger.ts';

/** Fields of a payload that identify its unit of work. Every log line of the call contains them. */
const IDS = ['runId', 'item', 'batch', 'slice', 'call', 'piece'] as const;

/**
 * Wraps a handler so that it logs its beginning and its end, with the duration and the outcome. Every line of a call
 * contains the request's id and the run, item, batch, slice and piece that the payload names.
 */
export function logged<A extends readonly unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    const [payload, context] = args as readonly unknown[];
    if (isContext(context)) logger.addContext(context);
    logger.appendKeys(idsOf(payload));
    const began = performance.now();
    const end = (outcome: string, more: { error?: unknown } = {}) => {
      const seconds = Math.round(performance.now() - began) / 1_000;
      // Waiting is the gatekeeper's normal work; the line says what it waits for.
      if (more.error === undefined || more.error instanceof NotReadyError) logger.info('ends', { outcome, seconds });
      else logger.error('ends', { outcome, seconds, error: more.error });
    };
    logger.info('begins');
    try {
      const answer = await work(...args);
      end('ok');
      return answer;
    } catch (error) {
      // The gatekeeper throws NotReadyError at each look, so the log would repeat a stack that helps nobody.
      if (!(error instanceof NotReadyError)) showSourceLines(error);
      end(error instanceof Error ? error.name : 'Error', { error });
      throw error;
    } finally {
      logger.resetKeys();
    }
  };
}

function isContext(context: unknown): context is Context {
  return typeof context === 'object' && context !== null && 'awsRequestId' in context;
}

function idsOf(payload: unknown): Record<string, string | number> {
  if (typeof payload !== 'object' || payload === null) return {};
  // EventBridge's events about an execution have the run's id as its name.
  const { name, executionArn } = payload as Record<string, unknown>;
  const found: Record<string, unknown> = {
    ...(typeof executionArn === 'string' && { runId: name }),
    ...payload,
  };
  return Object.fromEntries(
    IDS.flatMap((id) => {
      const value = found[id];
      return typeof value === 'string' || typeof value === 'number' ? [[id, value]] : [];
    }),
  );
}
