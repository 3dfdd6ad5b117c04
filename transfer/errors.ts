import { type ByteCount, PermanentTransferError, TransferError } from '#net/errors.ts';

export { PermanentTransferError, SourceForbiddenError, TransferError } from '#net/errors.ts';

/**
 * How often a transfer begins in total, if each beginning ends in a BeginAgainError. Then the engine stops trying a
 * source that changes each time. All code that begins transfers again uses this number: `transfer`, the functions of
 * the pipeline, and `sluice copy`.
 */
export const MOST_BEGINNINGS = 4;

/** This upload is lost, but a new one may succeed: abandon it and open the transfer again. */
export class BeginAgainError extends TransferError {
  override readonly name: string = 'BeginAgainError';
}

/** The source answered with a status that another attempt does not change, such as 401, 403, 404 or 410. */
export class SourceRefusedError extends PermanentTransferError {
  override readonly name = 'SourceRefusedError';
  /** The status of HTTP, such as 404. */
  readonly status: number;

  constructor(status: number, url: string) {
    super(`${url} answered ${status}`);
    this.status = status;
  }
}

/**
 * There is no connection to the source, and another attempt would fail too: unknown host, bad certificate, HTTP/2 only,
 * no TLS.
 */
export class SourceConnectionError extends PermanentTransferError {
  override readonly name = 'SourceConnectionError';
}

/** The source's redirects don't end, or lead to something that is not an HTTP URL. */
export class RedirectError extends PermanentTransferError {
  override readonly name = 'RedirectError';
}

/**
 * One request to the source failed, and another may succeed. The engine tries again with backoff; callers never see
 * this error itself.
 */
export class SourceFaultError extends TransferError {
  override readonly name = 'SourceFaultError';
  /** How long the source asked to wait. */
  readonly retryAfterSeconds: number | undefined;
  /** The source is still preparing the answer. */
  readonly notReady: boolean;

  constructor(
    message: string,
    options: {
      cause?: unknown;
      retryAfterSeconds?: number | undefined;
      notReady?: boolean;
      /** The bytes of the whole body, not of a range. */
      bytes?: ByteCount;
    } = {},
  ) {
    const { cause, bytes } = options;
    super(message, { bytes, ...(cause !== undefined && { cause }) });
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.notReady = options.notReady ?? false;
  }
}

/** The source failed too often in a row. `cause` is its last fault. */
export class SourceUnavailableError extends TransferError {
  override readonly name = 'SourceUnavailableError';
}

/**
 * The single stream of a source that can't resume broke. The upload is aborted; `transfer` begins again a few times.
 */
export class StreamBrokenError extends BeginAgainError {
  override readonly name = 'StreamBrokenError';
}

/** The source asked for a longer pause than this process may spend. */
export class SourceAsksToWaitError extends TransferError {
  override readonly name = 'SourceAsksToWaitError';
  /** The time that the source named. Before this time, another attempt gets the same answer. */
  readonly waitUntil: Date;

  constructor(url: string, waitUntil: Date) {
    super(`${url} asks to wait until ${waitUntil.toISOString()}: try again then`);
    this.waitUntil = waitUntil;
  }
}

/** What is known about a version of a source. `SourceChangedError` and the state contain it. */
export interface Pins {
  /** A strong ETag, with its quotes. */
  etag?: string | undefined;
  /**
   * A Last-Modified that is strong by RFC 9110 8.8.2.2, used if there is no strong ETag; otherwise only for comparison.
   */
  lastModified?: string | undefined;
  /** The size of the whole file in bytes. */
  total: number;
  /** The Content-Encoding, such as `gzip`; the bytes are landed as they are sent. */
  contentEncoding?: string | undefined;
  /** Scheme, host and port that answered after redirects. */
  origin: string;
  /** The source's ranges have proven unreliable: the next beginning reads the source in one stream. */
  oneStream?: true | undefined;
}

/** The source answers with another version than the one with which the transfer began. */
export class SourceChangedError extends BeginAgainError {
  override readonly name: string = 'SourceChangedError';
  /** The version with which the transfer began; pass it to the next `openTransfer` as one of `earlier`. */
  readonly pins: Pins;

  constructor(message: string, pins: Pins) {
    super(message);
    this.pins = pins;
  }
}

/**
 * The source no longer answers ranges of the version with which the transfer began. The next beginning reads it in one
 * stream.
 */
export class RangesIgnoredError extends SourceChangedError {
  override readonly name = 'RangesIgnoredError';

  constructor(message: string, pins: Pins) {
    super(message, { ...pins, oneStream: true });
  }
}

/** The transfer began a few times, and the source changed each time. */
export class SourceKeepsChangingError extends TransferError {
  override readonly name = 'SourceKeepsChangingError';
}

/**
 * The body has neither a length nor chunks, so an interrupted body looks complete, and nothing else states its length.
 */
export class UnprovenEndError extends PermanentTransferError {
  override readonly name = 'UnprovenEndError';
}

/** The body has a transfer coding other than `chunked`: its end and its bytes are unknown without decoding it. */
export class TransferCodingError extends PermanentTransferError {
  override readonly name = 'TransferCodingError';
  /** The Transfer-Encoding of the answer. */
  readonly coding: string;

  constructor(url: string, coding: string) {
    super(`${url} answers with Transfer-Encoding: ${coding}; Sluice reads only plain bodies and bodies in chunks`);
    this.coding = coding;
  }
}

/** A size or hash differs from the expected one, or from the one that the source itself states. */
export class ProofFailedError extends PermanentTransferError {
  override readonly name = 'ProofFailedError';
  /** The proof that failed, such as `expect.sha256`. */
  readonly proof: string;
  /** The expected value: hex for a hash, digits for a size. */
  readonly expected: string;
  /** The value of the bytes that came, in the same form. */
  readonly found: string;

  /** @param found a number, like `expected`, where bytes were counted. */
  constructor(what: string, proof: string, expected: string | number, found: string | number) {
    super(`${what} fails its proof "${proof}": expected ${expected}, found ${found}; nothing was stored`, {
      bytes: typeof expected === 'number' && typeof found === 'number' ? { got: found, expected } : undefined,
    });
    this.proof = proof;
    this.expected = String(expected);
    this.found = String(found);
  }
}

/** Larger than what S3 stores in one object. */
export class TooLargeError extends PermanentTransferError {
  override readonly name = 'TooLargeError';
}

/** Larger than what one stream can transfer with the given memory: without ranges, parts have to be buffered whole. */
export class TooLargeForOneStreamError extends PermanentTransferError {
  override readonly name = 'TooLargeForOneStreamError';
}

/** `ifExists: 'fail'`, and the object exists. */
export class ObjectExistsError extends PermanentTransferError {
  override readonly name = 'ObjectExistsError';
}

/** S3, or some S3 servers, would not store the destination's key or metadata unchanged. */
export class InvalidDestinationError extends PermanentTransferError {
  override readonly name = 'InvalidDestinationError';
}

/** The upload does not exist any more (somebody aborted it, or it expired), or S3 asks for a new one. */
export class UploadVanishedError extends BeginAgainError {
  override readonly name = 'UploadVanishedError';
}

/** `RangedTransfer.close` found parts missing: call `uploadSlice` again for them. */
export class PartsMissingError extends TransferError {
  override readonly name = 'PartsMissingError';
  /** Ascending, at most the first hundred. */
  readonly numbers: readonly number[];

  constructor(key: string, missing: readonly number[], count: number) {
    super(
      `${count} of the parts of ${key} are not uploaded (the first is part ${missing[0]}): upload their slices, then close`,
    );
    this.numbers = missing.slice(0, 100);
  }
}

/**
 * One stream will not end before the deadline. Its upload is aborted; a process without a deadline can transfer the
 * source.
 */
export class NotInTimeError extends TransferError {
  override readonly name = 'NotInTimeError';
  /** Bytes that were read from the source, and that the next process has to read again. */
  readonly bytesSpent: number;

  constructor(message: string, bytesSpent: number) {
    super(message);
    this.bytesSpent = bytesSpent;
  }
}

/** S3 failed too often in a row, or refused. `cause` is its own error. */
export class StorageError extends TransferError {
  override readonly name = 'StorageError';
}

/**
 * The caller aborted while S3 was making the object, and it can't be found out whether the object exists. `cause` says
 * why.
 */
export class OutcomeUnknownError extends TransferError {
  override readonly name = 'OutcomeUnknownError';

  constructor(name: string, options: ErrorOptions) {
    super(
      `${name}: aborted while S3 was making the object, so it is not known whether the object exists: look for it`,
      options,
    );
  }
}

/** The options of the engine are not valid. No request was sent. */
export class InvalidOptionsError extends PermanentTransferError {
  override readonly name = 'InvalidOptionsError';
  /** Each is a sentence that names the given value and the accepted ones. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the transfer did not begin: ${problems.join('; ')}`);
    this.problems = problems;
  }
}
