import type { Pins } from '../errors.ts';
import type { Headers } from '../lane/answer-head.ts';
import type { SourceHead } from './answer.ts';

/**
 * A date can identify a version only if the file can't have changed twice within its second. RFC 9110 8.8.2.2 requires
 * an answer's Date after the Last-Modified, and clocks that can be trusted; with a minute between the two, a wrong
 * clock is unlikely to matter.
 */
const STRONG_AFTER_MILLISECONDS = 60_000;

export function isStrongEtag(etag: string | undefined): etag is string {
  return etag !== undefined && /^"[^"]*"$/.test(etag);
}

export function isStrongLastModified(lastModified: string | undefined, date: string | undefined): boolean {
  if (lastModified === undefined || date === undefined) return false;
  return Date.parse(date) - Date.parse(lastModified) >= STRONG_AFTER_MILLISECONDS;
}

/** Returns whether ranges of this answer's representation can be distinguished from another version's. */
export function hasStrongValidator(head: SourceHead): boolean {
  if (head.etag !== undefined) return isStrongEtag(head.etag);
  return isStrongLastModified(head.lastModified, head.date);
}

/** What every further range has to repeat. */
export function pinsOf(head: SourceHead, total: number): Pins {
  return {
    ...(isStrongEtag(head.etag) ? { etag: head.etag } : {}),
    ...(head.lastModified === undefined ? {} : { lastModified: head.lastModified }),
    total,
    ...(head.contentEncoding === undefined ? {} : { contentEncoding: head.contentEncoding }),
    origin: head.origin,
  };
}

/**
 * The conditions of a range request. Both kinds, because servers obey different ones: for If-Match they answer 412, for
 * If-Range a whole 200 that is closed unread.
 */
export function conditionsOf(pins: Pins): Headers {
  if (pins.etag !== undefined) return { 'if-match': pins.etag, 'if-range': pins.etag };
  if (pins.lastModified === undefined) return {};
  return { 'if-unmodified-since': pins.lastModified, 'if-range': pins.lastModified };
}

/** Returns what differs between the pins and an answer, or undefined if it is the same version. */
export function differenceFrom(pins: Pins, head: SourceHead, total: number | undefined): string | undefined {
  if (pins.etag !== undefined && head.etag !== pins.etag) return `ETag ${head.etag ?? 'none'} instead of ${pins.etag}`;
  if (pins.etag === undefined && head.lastModified !== pins.lastModified) {
    return `Last-Modified ${head.lastModified ?? 'none'} instead of ${pins.lastModified}`;
  }
  if (total !== undefined && total !== pins.total) return `${total} bytes instead of ${pins.total}`;
  // An answer to If-Range may leave out fields that describe the representation if it has the ETag (RFC 9110 15.3.7).
  const leftOut = head.contentEncoding === undefined && pins.etag !== undefined;
  if (head.contentEncoding !== pins.contentEncoding && !leftOut) {
    return `Content-Encoding ${head.contentEncoding ?? 'identity'} instead of ${pins.contentEncoding ?? 'identity'}`;
  }
  if (head.origin !== pins.origin) return `${head.origin} instead of ${pins.origin}`;
  return undefined;
}

/**
 * Returns whether two beginnings read the same file under two ETags: several backends that each make their own. The
 * same ETag again means the same, because another one was answered in between.
 */
export function looksLikeSeveralBackends(earlier: Pins, now: Pins): boolean {
  if (earlier.total !== now.total) return false;
  if (earlier.lastModified !== undefined) return earlier.lastModified === now.lastModified;
  return earlier.etag !== undefined && earlier.etag === now.etag;
}
