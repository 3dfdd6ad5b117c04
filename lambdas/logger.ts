import { Logger } from '@aws-lambda-powertools/logger';

/** The one logger of an invocation: JSON lines with the function's name and the request's id. */
export const logger = new Logger({ serviceName: 'sluice' });
