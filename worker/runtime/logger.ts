import { Logger } from '@aws-lambda-powertools/logger';
import type { LogAttributes } from '@aws-lambda-powertools/logger/types';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { ErrorLogFormatter } from '#run/error-log-formatter.ts';
import { showSourceLines } from '#run/source-lines.ts';

/** The stacks of errors name our TypeScript files and those of own processors. */
class SourceLineFormatter extends ErrorLogFormatter {
  override formatError(error: Error): LogAttributes {
    showSourceLines(error);
    return super.formatError(error);
  }
}

/**
 * The worker's logger: a JSON object on each line, in the form that the Lambdas write. The setting `logs.level` sets
 * its level.
 */
export function workerLogger(worker: string): Logger {
  return new Logger({
    serviceName: 'sluice-worker',
    persistentKeys: { worker },
    logFormatter: new SourceLineFormatter(),
  });
}

/** A logger that adds the run, the item and (from its claim on) the attempt to every line. */
export function itemLogger(
  logger: Logger,
  ref: {
    readonly runId: string;
    readonly item: string;
    readonly name: string;
    readonly messageId?: string | undefined;
  },
  attempt?: number,
): ProcessorLogger {
  const child = logger.createChild({
    persistentKeys: {
      runId: ref.runId,
      item: ref.item,
      itemName: ref.name,
      ...(ref.messageId === undefined ? {} : { messageId: ref.messageId }),
      ...(attempt === undefined ? {} : { attempt }),
    },
  });
  return {
    debug: (message, fields = {}) => child.debug(message, fields),
    info: (message, fields = {}) => child.info(message, fields),
    warn: (message, fields = {}) => child.warn(message, fields),
    error: (message, fields = {}) => child.error(message, fields),
  };
}
