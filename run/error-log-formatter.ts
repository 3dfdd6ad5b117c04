import { LogFormatter, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import { cut } from '#net/short-text.ts';
import { VERSION } from './version.ts';

/** A limit deeper than any chain of our errors, so that a circular chain ends too. */
const MOST_CAUSES = 8;
/** The number of errors of an AggregateError that are logged, such as one for each address of a host. */
const MOST_ERRORS = 5;
/** A message may quote what a source sent, which can be long. */
const MOST_CHARACTERS = 4_000;

/**
 * Formats log lines as Powertools does, but of errors it writes only name, message, stack and code, and the same of
 * their causes.
 *
 * Powertools' own formatter writes every field of an error. Libraries store what they received in fields: undici's
 * parser the bytes that were not HTTP, in which a source may echo a request with its token; the AWS SDK the whole
 * answer.
 */
export class ErrorLogFormatter extends LogFormatter {
  override formatAttributes(attributes: UnformattedAttributes, more: LogAttributes): LogItem {
    const { lambdaContext } = attributes;
    return new LogItem({
      attributes: {
        level: attributes.logLevel,
        message: attributes.message,
        timestamp: this.formatTimestamp(attributes.timestamp),
        service: attributes.serviceName,
        version: VERSION,
        cold_start: lambdaContext?.coldStart,
        function_name: lambdaContext?.functionName,
        function_request_id: lambdaContext?.awsRequestId,
        xray_trace_id: attributes.xRayTraceId,
      },
    }).addAttributes(more);
  }

  override formatError(error: Error): LogAttributes {
    return formatted(error, 0);
  }
}

function formatted(error: Error, depth: number): LogAttributes {
  const { name, message, stack, cause } = error;
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  const inner = (value: unknown) =>
    depth >= MOST_CAUSES ? '…' : value instanceof Error ? formatted(value, depth + 1) : primitive(value);
  return {
    name: short(name),
    message: short(message),
    ...(stack !== undefined && { stack: short(stack) }),
    ...(code !== undefined && { code: primitive(code) }),
    ...(cause !== undefined && { cause: inner(cause) }),
    ...(Array.isArray(errors) && { errors: errors.slice(0, MOST_ERRORS).map(inner) }),
  };
}

/** An object may contain anything, so only its kind is written. */
function primitive(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'object' ? 'an object' : short(String(value));
}

function short(text: unknown): string {
  return cut(String(text), MOST_CHARACTERS);
}
