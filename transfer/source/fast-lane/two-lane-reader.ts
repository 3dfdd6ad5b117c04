import { setTimeout as sleep } from 'node:timers/promises';
import { readHead } from '../answer.ts';
import type { SourceGuard } from '../guard/source-guard.ts';
import type { SourceAnswer, SourceReader, SourceRequest } from '../reader.ts';
import { undiciReader } from '../undici-reader.ts';
import { LaneDeviation } from './deviation.ts';
import { fastLaneReader } from './fast-lane-reader.ts';
import { LanePool } from './lane-pool.ts';
import { proxyIsSet } from './proxy-is-set.ts';

/** A source's first answer is waited for by the others no longer than this. */
const PIONEER_MILLISECONDS = 2_000;
/** What is known of so many origins is kept; the one met first is forgotten first. */
const MOST_ORIGINS = 1_000;

/** What is known of one origin. */
interface Lane {
  /** `open` after an answer that the fast lane could have read, `closed` for good after one that it could not. */
  state: 'unknown' | 'open' | 'closed';
  /** Until the first ranged answer's head is there. */
  pioneer: Promise<unknown> | undefined;
  readonly pool: LanePool;
}

/**
 * Ranged parts by the fast lane, where the source has shown that it speaks as that lane needs it; all else, and whatever
 * deviates, by undici. Nobody above this sees a difference.
 */
export const twoLaneReader: SourceReader = async (request) => {
  const lane = laneOf(request);
  if (!isPart(request) || proxyIsSet(request.url)) return look(lane, await undiciReader(request));
  if (lane.state === 'unknown' && lane.pioneer === undefined) {
    const asked = undiciReader(request);
    lane.pioneer = asked.catch(() => {});
    return asked
      .then((answer) => look(lane, answer))
      .finally(() => {
        lane.pioneer = undefined;
      });
  }
  // Several parts begin together: the first one's answer says by which lane the others go.
  if (lane.state === 'unknown')
    await Promise.race([lane.pioneer, sleep(PIONEER_MILLISECONDS, undefined, { ref: false })]);
  if (lane.state !== 'open') return undiciReader(request);
  const close = () => {
    lane.state = 'closed';
  };
  try {
    return await fastLaneReader(request, lane.pool, close);
  } catch (error) {
    if (!(error instanceof LaneDeviation)) throw error;
    close();
    return undiciReader(request);
  }
};

/** A part of a version that is pinned, with both ends: probes and streams stay with undici. */
function isPart({ headers }: SourceRequest): boolean {
  return headers['if-range'] !== undefined && /^bytes=\d+-\d+$/.test(headers.range ?? '');
}

/** Only a ranged answer says anything of ranged answers. undici speaks nothing but HTTP/1. */
function look(lane: Lane, answer: SourceAnswer): SourceAnswer {
  const { status, contentLength, contentEncoding, headers } = readHead(answer);
  if (status !== 206 || lane.state === 'closed') return answer;
  const plain = headers['transfer-encoding'] === undefined && headers.trailer === undefined;
  lane.state = plain && contentLength !== undefined && contentEncoding === undefined ? 'open' : 'closed';
  return answer;
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
  const lane: Lane = { state: 'unknown', pioneer: undefined, pool: new LanePool() };
  ofGuard.set(key, lane);
  return lane;
}
