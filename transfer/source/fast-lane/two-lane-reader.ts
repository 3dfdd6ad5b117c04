import type { SourceGuard } from '#net/guard/source-guard.ts';
import { undiciReader, undiciReadsOn } from '../by-undici.ts';
import type { SourceReader, SourceRequest } from '../reader.ts';
import { LaneDeviation } from './deviation.ts';
import { fastLaneReader } from './fast-lane-reader.ts';
import { LanePool } from './lane-pool.ts';
import { proxyIsSet } from './proxy-is-set.ts';

/** What is known of so many origins is kept; the one met first is forgotten first. */
const MOST_ORIGINS = 1_000;

/** What is known of one origin. */
interface Lane {
  /** Whether it is open, until an answer that it does not take: to parts of a pinned version, and to all else. */
  readonly open: { parts: boolean; others: boolean };
  /** Whether the environment named a proxy for it when it was met. */
  readonly proxied: boolean;
  readonly pool: LanePool;
}

/**
 * Every request by the fast lane, until its origin answers one in a way that this lane is not for. Then undici reads that
 * answer on, from the same connection, and makes the requests that follow. Nobody above this sees a difference.
 *
 * A page in chunks says nothing of ranges, so that it leaves the lane open to an origin's parts; what deviates there
 * closes it to all.
 */
export const twoLaneReader: SourceReader = async (request) => {
  const { open, proxied, pool } = laneOf(request);
  const part = isPart(request);
  if (proxied || !(part ? open.parts : open.others)) return undiciReader(request);
  const close = () => {
    open.others = false;
    if (part) open.parts = false;
  };
  try {
    return await fastLaneReader(request, pool, close);
  } catch (error) {
    if (!(error instanceof LaneDeviation)) throw error;
    close();
    return error.connection === undefined ? undiciReader(request) : undiciReadsOn(request, error.connection);
  }
};

/** A part of a version that is pinned, with both ends. */
function isPart({ headers }: SourceRequest): boolean {
  return headers['if-range'] !== undefined && /^bytes=\d+-\d+$/.test(headers.range ?? '');
}

const lanes = new WeakMap<SourceGuard, Map<string, Lane>>();

/** A guard's connections are for what that guard allows; another set of certificates is another host. */
function laneOf({ guard, url, ca }: SourceRequest): Lane {
  const ofGuard = lanes.get(guard) ?? new Map<string, Lane>();
  lanes.set(guard, ofGuard);
  const key = `${url.origin} ${ca ?? ''}`;
  const known = ofGuard.get(key);
  if (known !== undefined) return known;
  const [oldest] = ofGuard.keys();
  if (ofGuard.size >= MOST_ORIGINS && oldest !== undefined) ofGuard.delete(oldest);
  const lane: Lane = { open: { parts: true, others: true }, proxied: proxyIsSet(url), pool: new LanePool() };
  ofGuard.set(key, lane);
  return lane;
}
