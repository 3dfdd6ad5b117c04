import type { SourceGuard } from '#net/guard/source-guard.ts';
import { LanePool } from '../lane/lane-pool.ts';
import type { SourceRequest } from './reader.ts';

/** Pools of this many origins are kept; the oldest one is forgotten first. */
const MOST_ORIGINS = 1_000;

const pools = new WeakMap<SourceGuard, Map<string, LanePool>>();

/**
 * A guard's connections are only for what that guard permits, and another set of certificates counts as another host.
 */
export function poolOf({ guard, url, ca }: Pick<SourceRequest, 'guard' | 'url' | 'ca'>): LanePool {
  const ofGuard = pools.get(guard) ?? new Map<string, LanePool>();
  pools.set(guard, ofGuard);
  const key = `${url.origin} ${ca ?? ''}`;
  const known = ofGuard.get(key);
  if (known !== undefined) return known;
  const [oldest] = ofGuard.keys();
  if (ofGuard.size >= MOST_ORIGINS && oldest !== undefined) ofGuard.delete(oldest);
  const pool = new LanePool();
  ofGuard.set(key, pool);
  return pool;
}
