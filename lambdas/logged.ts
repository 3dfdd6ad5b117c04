import type { Context } from 'aws-lambda';
import { NotReadyError } from '#run/errors.ts';
import { logger } from './logger.ts';

/** What a payload may say of the unit of work that it is for. Every line of the call has it. */
const IDS = ['runId', 'item', 'batch', 'slice', 'call', 'piece'] as const;

/**
 * A handler that logs its beginning and its end, with how long it took and how it ended. Every line of a call carries the
 * request's id and what the payload names of run, item, batch, slice and piece.
 */
export function logged<A extends readonly unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    const [payload, context] = args as readonly unknown[];
    if (isContext(context)) logger.addContext(context);
    logger.appendKeys(idsOf(payload));
    const began = performance.now();
    const end = (outcome: string, more: { error?: unknown } = {}) => {
      const seconds = Math.round(performance.now() - began) / 1_000;
      // To wait is what the gatekeeper is for; its line says for what.
      if (more.error === undefined || more.error instanceof NotReadyError) logger.info('ends', { outcome, seconds });
      else logger.error('ends', { outcome, seconds, error: more.error });
    };
    logger.info('begins');
    try {
      const answer = await work(...args);
      end('ok');
      return answer;
    } catch (error) {
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
  // What EventBridge says of an execution has the run's id as its name.
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
