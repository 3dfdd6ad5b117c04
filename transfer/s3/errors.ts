/** S3 answered by success and without what it always says then: something between answered in its place. */
export class UncertainAnswerError extends Error {
  override readonly name = 'UncertainAnswer';

  constructor(what: string) {
    super(`${what} was answered by 200 without an ETag, which S3 never does`);
  }
}

/** What S3's answer says about a failed call, read from the SDK's error by its name and status. */
export function s3ErrorCode(error: unknown): string {
  const { name, Code } = (error ?? {}) as { name?: unknown; Code?: unknown };
  return typeof Code === 'string' ? Code : typeof name === 'string' ? name : 'unknown';
}

export function s3Status(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** S3's words for "not now"; each of them comes with a 200, a 400 or a 5xx. */
const TRANSIENT_CODES = new Set([
  'InternalError',
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'ServiceUnavailable',
  'Busy',
  'RequestTimeout',
  'RequestTimeoutException',
  'RequestTimeTooSkewed',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'BandwidthLimitExceeded',
  'ExpiredToken',
  'OperationAborted',
  // What arrived is not what was sent: damaged on the way, and sent again.
  'BadDigest',
  'XAmzContentChecksumMismatch',
]);

/** Whether the same request may succeed later. */
export function isTransientS3Error(error: unknown): boolean {
  if (error instanceof UncertainAnswerError || TRANSIENT_CODES.has(s3ErrorCode(error))) return true;
  // The SDK has found that its clock differs from S3's, and signs the next request by S3's.
  if ((error as { $metadata?: { clockSkewCorrected?: boolean } } | undefined)?.$metadata?.clockSkewCorrected)
    return true;
  const status = s3Status(error);
  if (status === undefined) return isNetworkError(error);
  return status >= 500 || status === 429;
}

/** Whether the request may have been carried out although its answer says, or shows, nothing. */
export function isUncertain(error: unknown): boolean {
  const status = s3Status(error);
  return status === undefined || status >= 500 || status === 200;
}

/** No answer came: only the connection's own errors, since a programming error must never be tried again. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'TimeoutError') return true;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+|ERR_SOCKET[A-Z_]*)$/.test(code)) return true;
  // An answer that was cut in its head or body: the parser's or the deserializer's own words.
  return /socket hang up|aborted|parse error|unexpected end|Deserialization error/i.test(error.message);
}
