import { shortText } from './short-text.ts';

/** How many bytes came, of how many. */
export interface ByteCount {
  readonly got: number;
  readonly expected: number;
}

export interface TransferErrorOptions extends ErrorOptions {
  readonly bytes?: ByteCount | undefined;
}

/** Whatever the engine throws. The subclasses say what a caller can do about it. */
export class TransferError extends Error {
  override readonly name: string = 'TransferError';
  /** Where some of the bytes came, and how many there should be is known. */
  readonly bytes: ByteCount | undefined;

  constructor(message: string, { bytes, ...options }: TransferErrorOptions = {}) {
    super(shortText(message), options);
    this.bytes = bytes;
  }
}

/** Nothing that the caller repeats will mend it: the source, the destination or what is expected has to change. */
export class PermanentTransferError extends TransferError {
  override readonly name: string = 'PermanentTransferError';
}

/** The rules of the guard forbid the URL, or an address that its host has. */
export class SourceForbiddenError extends PermanentTransferError {
  override readonly name = 'SourceForbiddenError';
}
