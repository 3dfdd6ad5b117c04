import type { Check } from './check.ts';

/**
 * SQS's counts are approximate and become exact a minute or more after the last send, so one look that finds the queue
 * empty proves nothing.
 */
const SAMPLES = 3;
const MILLISECONDS = 180_000;

/**
 * Ready when the queue, with its messages in flight and delayed ones, was empty in at least three looks in a row over
 * at least three minutes, and there are no dead letters. It is for work that other programs send to the queue, which no
 * ledger counts.
 */
export const queueCheck: Check = async ({ record }) => {
  const last = record.samples.at(-1);
  const empty = record.empty;
  const since = empty === null || last === undefined ? 0 : Date.parse(last.at) - Date.parse(empty.since);
  const looks = empty?.looks ?? 0;
  const { queued = 0, inFlight = 0, deadLetters = 0 } = last ?? {};
  const ready = looks >= SAMPLES && since >= MILLISECONDS && deadLetters === 0;
  const progress =
    looks === 0 || deadLetters > 0
      ? `queue: ${queued} queued, ${inFlight} in flight, ${deadLetters} dead letters`
      : `queue: empty in ${looks} looks over ${Math.round(since / 1_000)} s`;
  return { ready, progress };
};
