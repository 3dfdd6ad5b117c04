import { PermanentError } from '../contract/permanent-error.ts';

/** The object is not an archive of a supported kind. */
export class NoArchiveError extends PermanentError {
  override readonly name = 'NoArchiveError';
}

/** The archive is incomplete or damaged, or contradicts itself. */
export class BrokenArchiveError extends PermanentError {
  override readonly name = 'BrokenArchiveError';
}

/** Files in the archive are encrypted, and there is no password. */
export class EncryptedArchiveError extends PermanentError {
  override readonly name = 'EncryptedArchiveError';
}

/** Files in the archive are packed with an unsupported method. */
export class UnsupportedArchiveError extends PermanentError {
  override readonly name = 'UnsupportedArchiveError';
}

/** Files in the archive have names that lead out of it, or that can't be distinguished. */
export class UnsafeArchiveError extends PermanentError {
  override readonly name = 'UnsafeArchiveError';
}

/** The archive contains more files, or more bytes, than the options or the disk allow. */
export class ArchiveTooLargeError extends PermanentError {
  override readonly name = 'ArchiveTooLargeError';
}

/** The processor failed on more of the unpacked objects than the option `maxFailed` allows. */
export class UnpackedFailedError extends PermanentError {
  override readonly name = 'UnpackedFailedError';
}

/** The archive contains files, but the option `only` and the rules for skipped names exclude all of them. */
export class NothingUnpackedError extends PermanentError {
  override readonly name = 'NothingUnpackedError';
}
