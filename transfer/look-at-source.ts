import { redactUrl } from '#net/redact.ts';
import { DEFAULT_OPTIONS, gateOf, type TransferOptions } from './options.ts';
import { MIN_PART_BYTES, planParts } from './parts/plan.ts';
import { isWhole, type SourceHead } from './source/answer.ts';
import { type Probe, probeSource } from './source/probe.ts';
import { type Source, SourceSession } from './source/session.ts';
import { statedHashes } from './source/stated-hashes.ts';
import { hasStrongValidator } from './source/validators.ts';

/** The properties of a source, as far as one GET of its first part shows them. */
export interface SourceLook {
  /** Without credentials and without the query's values. */
  readonly url: string;
  /** Where its redirects lead; undefined where it does not redirect. */
  readonly redirectsTo: string | undefined;
  /** The size of the whole file; undefined if the source does not state it. */
  readonly bytes: number | undefined;
  /** The Content-Type of the answer. */
  readonly contentType: string | undefined;
  /** The Content-Encoding of the answer. */
  readonly contentEncoding: string | undefined;
  /** The ETag of the answer, strong or weak, with its quotes. */
  readonly etag: string | undefined;
  /** The Last-Modified of the answer, as it was sent. */
  readonly lastModified: string | undefined;
  /** Whether versions of the file can be distinguished, which is required for reading by ranges. */
  readonly hasStrongValidator: boolean;
  /** The names of the hashes of the whole file that the source states. */
  readonly hashes: readonly string[];
  /**
   * How the source would land.
   * - `one request`: all of it came with the first answer.
   * - `ranges`: in parts, in parallel, and after an interruption from the next part on.
   * - `one stream`: in one uninterrupted response.
   * - `refused`: in one response whose end nothing proves, so only with `allowUnprovenEnd` or a stated size or hash.
   */
  readonly lands: 'one request' | 'ranges' | 'one stream' | 'refused';
  /** Parts of a ranged transfer at the default sizes. */
  readonly parts: number | undefined;
  /** How long the first answer took to begin, in seconds, redirects included. */
  readonly firstByteSeconds: number;
  /** The speed of one connection, over the bytes that were read; undefined if these were too few. */
  readonly bytesPerSecond: number | undefined;
  /** The bytes that were read for this. */
  readonly bytesRead: number;
}

/** Fewer bytes don't show a speed. */
const LEAST_BYTES = 256 * 1_024;

/**
 * Probes a source as a transfer would begin: one GET for the first 7 MiB. It stores nothing.
 *
 * @throws SourceRefusedError, SourceUnavailableError, SourceAsksToWaitError, RedirectError, SourceForbiddenError, or
 * the signal's reason.
 */
export async function lookAtSource(
  source: Source,
  options: Pick<TransferOptions, 'connections' | 'gate' | 'guard' | 'reader' | 'signal'> = {},
): Promise<SourceLook> {
  const session = new SourceSession(source, gateOf(options), options.reader, options.guard);
  const signal = options.signal ?? new AbortController().signal;
  const began = performance.now();
  const bytes = DEFAULT_OPTIONS.bufferBytes;
  const probe = await probeSource(session, { bytes, conditions: {}, oneStream: false, signal });
  const answered = performance.now();
  const bytesRead = await readFirst(probe, bytes, signal);
  const seconds = (performance.now() - answered) / 1_000;
  // A whole body, and the beginning of a stream, came before the probe returned.
  const timed = probe.kind === 'whole' || probe.kind === 'stream' ? bytesRead - probe.bytes.length : bytesRead;
  const { head } = probe;
  const lands = landsBy(probe, head, source);
  const total = totalOf(probe);
  return {
    url: session.name,
    redirectsTo: session.redirectedTo === undefined ? undefined : redactUrl(session.redirectedTo),
    bytes: total,
    contentType: head.contentType,
    contentEncoding: head.contentEncoding,
    etag: head.etag,
    lastModified: head.lastModified,
    hasStrongValidator: hasStrongValidator(head),
    hashes: statedHashes(head).map(({ name }) => name),
    lands,
    parts:
      lands === 'ranges' && total !== undefined ? planParts(total, Math.max(MIN_PART_BYTES, bytes)).count : undefined,
    firstByteSeconds: (answered - began) / 1_000,
    bytesPerSecond: timed >= LEAST_BYTES && seconds > 0 ? timed / seconds : undefined,
    bytesRead,
  };
}

/** Reads up to the first part, then closes the connection. */
async function readFirst(probe: Probe, most: number, signal: AbortSignal): Promise<number> {
  if (probe.kind === 'unchanged') return 0;
  if (probe.kind === 'whole') return probe.bytes.length;
  if (probe.kind === 'ranges') {
    try {
      return (await probe.first.read(signal)).bytes.length;
    } finally {
      probe.first.destroy();
    }
  }
  try {
    return probe.bytes.length + (await probe.body.fill(Buffer.allocUnsafe(most)));
  } finally {
    probe.body.destroy();
  }
}

function totalOf(probe: Probe): number | undefined {
  if (probe.kind === 'ranges') return probe.pins.total;
  // Without a length and chunks, the bytes that came may be only the beginning.
  const isWholeSurely = probe.kind === 'whole' && (probe.head.framed || !isWhole(probe.head));
  return isWholeSurely ? probe.bytes.length : probe.head.contentLength;
}

function landsBy(probe: Probe, head: SourceHead, { expect, allowUnprovenEnd }: Source): SourceLook['lands'] {
  if (probe.kind === 'ranges') return 'ranges';
  const isProven = head.framed || !isWhole(head) || Object.values(expect ?? {}).some((value) => value !== undefined);
  if (!isProven && allowUnprovenEnd !== true) return 'refused';
  return probe.kind === 'whole' ? 'one request' : 'one stream';
}
