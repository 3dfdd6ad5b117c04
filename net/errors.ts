import { shortText } from './short-text.ts';

/** How many bytes came, and how many were expected. */
export interface ByteCount {
  /** Bytes that came. */
  readonly got: number;
  /** Bytes that were expected. */
  readonly expected: number;
}

/** What an error of the engine carries besides its message. */
export interface TransferErrorOptions extends ErrorOptions {
  /** Set if some of the bytes came and the expected number is known. */
  readonly bytes?: ByteCount | undefined;
}

/** The base class of all errors of the engine. The subclasses say what a caller can do about it. */
export class TransferError extends Error {
  /** The name of the class, which survives minification and other processes: recognise an error by it. */
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
