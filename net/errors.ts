import { shortText } from './short-text.ts';

/** Whatever the engine throws. The subclasses say what a caller can do about it. */
export class TransferError extends Error {
  override readonly name: string = 'TransferError';

  constructor(message: string, options?: ErrorOptions) {
    super(shortText(message), options);
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
