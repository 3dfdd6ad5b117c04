import type { GateRecord } from '#run/ledger/gate-record.ts';

/**
 * If this many looks in a row, over this time, find the queue empty, the missing items have no message any more. SQS's
 * counts are approximate and become exact a minute or more after the last send.
 */
const LOOKS = 3;
const EMPTY_MS = 180_000;

/**
 * Runs share the queue, so another run's messages may keep it from ever being empty. If a run makes no progress for
 * this long, its messages may be lost too. After each resend, this time doubles, because the messages may only wait for
 * their turn.
 */
const STILL_MS = 15 * 60_000;

/** Which messages to send again: those of all outstanding items, or only of items that no worker has begun. */
export type Resend = 'outstanding' | 'never-begun';

/** Returns whether messages of the run seem to be lost, according to its looks so far. */
export function resendOf({ empty, still, samples, redispatches }: GateRecord, now: Date): Resend | undefined {
  if (samples.at(-1)?.missing === 0) return undefined;
  const since = (at: string) => now.getTime() - Date.parse(at);
  if (empty !== null && empty.looks >= LOOKS && since(empty.since) >= EMPTY_MS) return 'outstanding';
  const patience = STILL_MS * 2 ** redispatches;
  if (still !== null && still.looks >= LOOKS && since(still.since) >= patience) return 'never-begun';
  return undefined;
}
