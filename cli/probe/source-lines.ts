import { type LandingCost, landingCost } from '#costs/landing-cost.ts';
import { money } from '#costs/money.ts';
import { bytesText, countText, secondsText } from '#run/quantities.ts';
import type { SourceLook } from '#transfer/index.ts';

/** The connections that a Lambda opens for one source, by the default settings. */
const CONNECTIONS = 4;
/** The part size of a single stream, up to its first gigabytes. */
const STREAM_PART_BYTES = 8 * 1_048_576;

/** Describes a source and how it would land, as pairs of a name and a text for a person. */
export function sourceLines(look: SourceLook): [name: string, text: string][] {
  const { bytes, hashes } = look;
  const cost = costOfSource(look);
  const lines: [string, string | undefined][] = [
    ['redirects to', look.redirectsTo],
    ['length', bytes === undefined ? 'unknown' : lengthText(bytes)],
    ['type', look.contentType ?? 'unknown'],
    ['encoding', look.contentEncoding],
    ['version', versionOf(look)],
    ['hashes', hashes.length === 0 ? 'none stated' : hashes.join(', ')],
    ['lands', landsText(look)],
    ['first byte', `after ${secondsText(look.firstByteSeconds)}`],
    ['speed', speedText(look)],
    ['time', timeText(look)],
    ['cost', cost && costText(cost)],
  ];
  return lines.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
}

function speedText({ bytesPerSecond, bytesRead }: SourceLook): string | undefined {
  if (bytesPerSecond === undefined) return undefined;
  return `${bytesText(bytesPerSecond)}/s on one connection, over ${bytesText(bytesRead)}`;
}

function timeText({ bytes, bytesPerSecond }: SourceLook): string | undefined {
  if (bytes === undefined || bytesPerSecond === undefined) return undefined;
  return `about ${secondsText(bytes / bytesPerSecond)} at the speed of one connection`;
}

/**
 * Returns what the source costs to land and to keep; undefined if it does not state its length, or would be refused.
 */
export function costOfSource({ bytes, lands, parts, bytesPerSecond }: SourceLook): LandingCost | undefined {
  if (bytes === undefined || lands === 'refused') return undefined;
  const connections = lands === 'ranges' ? CONNECTIONS : 1;
  return landingCost({
    bytes,
    parts: parts ?? Math.max(1, Math.ceil(bytes / STREAM_PART_BYTES)),
    bytesPerSecond: bytesPerSecond === undefined ? undefined : bytesPerSecond * connections,
  });
}

function costText({ s3Requests, lambda, storageAMonth }: LandingCost): string {
  return `about ${money(s3Requests + lambda)} to land (S3 requests ${money(s3Requests)}, Lambda ${money(lambda)}), ${money(storageAMonth)} a month to keep`;
}

function versionOf({ etag, lastModified, hasStrongValidator }: SourceLook): string {
  const named = [
    etag === undefined ? [] : [`ETag ${etag}`],
    lastModified === undefined ? [] : [`Last-Modified ${lastModified}`],
  ]
    .flat()
    .join(', ');
  if (named === '') return 'not named: every run reads it again';
  return hasStrongValidator ? named : `${named} (weak: it does not prove that two answers are of one file)`;
}

function landsText({ lands, parts }: SourceLook): string {
  switch (lands) {
    case 'one request':
      return 'by this one request';
    case 'ranges':
      return `in ${countText(parts ?? 1, 'part')}, in parallel; after an interruption it continues with the next part`;
    case 'one stream':
      return 'in one stream; after an interruption it begins again';
    case 'refused':
      return 'not at all: nothing proves the end of its body. Allow it with --allow-unproven-end, or state its size or hash';
  }
}

/** `1.5 KiB (1,536 bytes)`; a length below 1 KiB is exact already. */
function lengthText(bytes: number): string {
  const text = bytesText(bytes);
  return bytes < 1_024 ? text : `${text} (${bytes.toLocaleString('en')} bytes)`;
}
