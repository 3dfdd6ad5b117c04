import { shortText } from './short-text.ts';

/** How many bytes came, and how many were expected. */
export interface ByteCount {
  readonly got: number;
  readonly expected: number;
}

export interface TransferErrorOptions extends ErrorOptions {
  readonly bytes?: ByteCount | undefined;
}

/** The base class of all errors of the engine. The subclasses say what a caller can do about it. */
export class TransferError extends Error {
  override readonly name: string = 'TransferError';
  /** Set if some of the bytes came and the expected number is known. */
  readonly bytes: ByteCount | undefined;

  constructor(message: string, { bytes, ...options }: TransferErrorOptions = {}) {
    super(shortText(message), options);
    this.bytes = bytes;
  }
}

/** No retry by the caller can succeed: the source, the destination or the expectation has to change. */
export class PermanentTransferError extends TransferError {
  override readonly name: string = 'PermanentTransferError';
}

/** The rules of the guard forbid the URL, or one of the addresses of its host. */
export class SourceForbiddenError extends PermanentTransferError {
  override readonly name = 'SourceForbiddenError';
}
