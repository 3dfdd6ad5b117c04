import { PermanentError } from '../contract/permanent-error.ts';

/** The object is no archive of a kind that is unpacked. */
export class NoArchiveError extends PermanentError {
  override readonly name = 'NoArchiveError';
}

/** The archive breaks off, is damaged, or contradicts itself. */
export class BrokenArchiveError extends PermanentError {
  override readonly name = 'BrokenArchiveError';
}

/** Files in the archive are encrypted, and nobody gave a password. */
export class EncryptedArchiveError extends PermanentError {
  override readonly name = 'EncryptedArchiveError';
}

/** Files in the archive are packed by a method that is not unpacked here. */
export class UnsupportedArchiveError extends PermanentError {
  override readonly name = 'UnsupportedArchiveError';
}

/** Files in the archive have names that lead out of it, or that can't be told apart. */
export class UnsafeArchiveError extends PermanentError {
  override readonly name = 'UnsafeArchiveError';
}

/** The archive holds more files, or more bytes, than the options or the disk allow. */
export class ArchiveTooLargeError extends PermanentError {
  override readonly name = 'ArchiveTooLargeError';
}

/** The processor failed on more of the unpacked objects than the option `maxFailed` allows. */
export class UnpackedFailedError extends PermanentError {
  override readonly name = 'UnpackedFailedError';
}

/** The archive holds files, and none of them is to be unpacked. */
export class NothingUnpackedError extends PermanentError {
  override readonly name = 'NothingUnpackedError';
}
