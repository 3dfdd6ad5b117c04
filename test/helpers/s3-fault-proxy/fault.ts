import type { S3Operation, S3Request } from './operation.ts';

/** A fault of a request to S3. It is plain data, so that a failing test can print it. */
export type S3Fault =
  /**
   * S3 reads the request, does nothing and answers this error. With `early` it answers without having read the body,
   * and closes.
   */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly early?: boolean;
      readonly retryAfter?: number;
      /** The Date of the answer. @default now */
      readonly date?: Date;
    }
  /** The connection is reset once this many body bytes have come (0: at once); S3 never sees the request. */
  | { readonly kind: 'reset-before'; readonly afterBytes?: number }
  /** S3 does the request, and the connection is reset instead of an answer. */
  | { readonly kind: 'lost-answer' }
  /** S3 does the request, and the answer is an error. */
  | { readonly kind: 'done-but-error'; readonly status: number; readonly code: string }
  /**
   * 200 at once, white space for a time, then an error in the body. `done` says whether S3 has done it all the same.
   */
  | { readonly kind: 'error-in-200'; readonly code: string; readonly done?: boolean; readonly milliseconds?: number }
  /** 200 at once, white space every 50 ms for a time, then what S3 answers, if that is a success. */
  | { readonly kind: 'white-space'; readonly milliseconds: number }
  /** 200 and a page, as a captive portal or a broken proxy answers. `done` says whether S3 has done it all the same. */
  | { readonly kind: 'html'; readonly done?: boolean; readonly status?: number; readonly etag?: string }
  /**
   * The request is read and never answered; with `milliseconds`, passed on after them: without a body even if the
   * client has gone.
   */
  | { readonly kind: 'stall'; readonly milliseconds?: number }
  /** One bit of the request's body is another one when it reaches S3. */
  | { readonly kind: 'flipped-bit' }
  /** The request's body is read at this rate. */
  | { readonly kind: 'slow-read'; readonly bytesPerSecond: number };

/** The requests that a fault affects. A missing condition matches every request. */
export interface S3Condition {
  readonly operation?: S3Operation | readonly S3Operation[];
  readonly key?: string | RegExp;
  readonly partNumber?: number;
  /** Of the requests that meet the rest of the condition: which, from 1. */
  readonly nth?: number | readonly number[] | ((nth: number) => boolean);
  /** The share of the requests left that is hit, by the proxy's seed. */
  readonly probability?: number;
}

export interface S3FaultRule {
  readonly when?: S3Condition;
  readonly fault: S3Fault;
}

/** A rule that counts what it has matched, and draws its lots from `random`. */
export class CountedS3Rule {
  readonly #rule: S3FaultRule;
  readonly #random: () => number;
  #matched = 0;

  constructor(rule: S3FaultRule, random: () => number) {
    this.#rule = rule;
    this.#random = random;
  }

  faultFor(request: S3Request): S3Fault | undefined {
    const { when = {}, fault } = this.#rule;
    const { operation, key, partNumber, nth, probability } = when;
    if (operation !== undefined && ![operation].flat().includes(request.operation)) return undefined;
    if (typeof key === 'string' && key !== request.key) return undefined;
    if (key instanceof RegExp && !key.test(request.key)) return undefined;
    if (partNumber !== undefined && partNumber !== request.partNumber) return undefined;
    this.#matched++;
    if (typeof nth === 'function' && !nth(this.#matched)) return undefined;
    if (nth !== undefined && typeof nth !== 'function' && ![nth].flat().includes(this.#matched)) return undefined;
    if (probability !== undefined && this.#random() >= probability) return undefined;
    return fault;
  }
}

/** S3's own errors, by the names that people know. */
export const s3Errors = {
  internalError: { kind: 'error', status: 500, code: 'InternalError' },
  slowDown: { kind: 'error', status: 503, code: 'SlowDown' },
  requestTimeout: { kind: 'error', status: 400, code: 'RequestTimeout' },
  noSuchUpload: { kind: 'error', status: 404, code: 'NoSuchUpload' },
  invalidPart: { kind: 'error', status: 400, code: 'InvalidPart' },
  badDigest: { kind: 'error', status: 400, code: 'BadDigest' },
  conditionalConflict: { kind: 'error', status: 409, code: 'ConditionalRequestConflict' },
  preconditionFailed: { kind: 'error', status: 412, code: 'PreconditionFailed' },
  accessDenied: { kind: 'error', status: 403, code: 'AccessDenied' },
  expiredToken: { kind: 'error', status: 400, code: 'ExpiredToken' },
  clockSkew: { kind: 'error', status: 403, code: 'RequestTimeTooSkewed' },
} as const satisfies Record<string, S3Fault>;
