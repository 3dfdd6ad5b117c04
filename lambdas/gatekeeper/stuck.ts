import type { GateRecord } from '#run/ledger/gate-record.ts';

/**
 * So many looks in a row, over so long, that find the queue empty say that what is missing is in no message any more.
 * SQS's counts are approximate and settle a minute or more after the last send.
 */
const LOOKS = 3;
const EMPTY_MS = 180_000;

/**
 * The queue is shared, so that another run's messages may keep it from ever being empty. A run that comes no further for so
 * long may have lost messages too. Each time after a resend it is given twice as long: its messages may just wait their turn.
 */
const STILL_MS = 15 * 60_000;

/** Which items to send once more: all that are outstanding, or those alone that no worker has ever begun. */
export type Resend = 'outstanding' | 'never-begun';

/** Whether messages of the run seem to be lost, by its looks so far. */
export function resendOf({ empty, still, samples, redispatches }: GateRecord, now: Date): Resend | undefined {
  if (samples.at(-1)?.missing === 0) return undefined;
  const since = (at: string) => now.getTime() - Date.parse(at);
  if (empty !== null && empty.looks >= LOOKS && since(empty.since) >= EMPTY_MS) return 'outstanding';
  const patience = STILL_MS * 2 ** redispatches;
  if (still !== null && still.looks >= LOOKS && since(still.since) >= patience) return 'never-begun';
  return undefined;
}
