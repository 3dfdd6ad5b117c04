import { Logger } from '@aws-lambda-powertools/logger';
import { ErrorLogFormatter } from '#run/error-log-formatter.ts';
import { logOutsideCalls } from '#run/log-outside-calls.ts';

/** The logger of all invocations: JSON lines with the function's name and the request's id. */
export const logger = new Logger({ serviceName: 'sluice', logFormatter: new ErrorLogFormatter() });
logOutsideCalls(logger.getLevelName(), (message, call) => logger.debug(message, { ...call }));
