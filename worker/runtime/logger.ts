import { Logger } from '@aws-lambda-powertools/logger';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { ErrorLogFormatter } from '#run/error-log-formatter.ts';

/** The worker's logger: a JSON object a line, as the Lambdas write it. The setting `logs.level` sets its level. */
export function workerLogger(worker: string): Logger {
  return new Logger({
    serviceName: 'sluice-worker',
    persistentKeys: { worker },
    logFormatter: new ErrorLogFormatter(),
  });
}

/** A logger whose every line names the run, the item and, once there is one, the attempt. */
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
