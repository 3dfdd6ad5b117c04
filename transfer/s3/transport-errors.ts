/** S3 accepted or sent no byte for too long. The name counts as a failed connection. */
export class StorageStalled extends Error {
  override readonly name = 'TimeoutError';
}

/** The answer came before the body was sent: the rest of the body is not wanted. */
export class AnsweredEarly extends Error {
  override readonly name = 'AnsweredEarly';
}

/** S3 had closed a kept connection before a byte of the answer came. */
export class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
  /** The code of the connection's own error: if the body can't be sent again here, the caller tries the call again. */
  readonly code = 'ECONNRESET';
}

/** The connection ended before the answer, or within it. */
export class AnswerClosed extends Error {
  override readonly name = 'AnswerClosed';
  readonly code = 'ECONNRESET';
}

/**
 * A success was answered before the body was sent. So something between may have answered, or S3 stored a part of it.
 */
export class TooEarlySuccess extends AnswerClosed {
  constructor(status: number) {
    super(`S3 answered ${status} before it had the whole body`);
  }
}
