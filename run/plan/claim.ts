import * as z from 'zod';
import { AlreadyClaimedError } from '../errors.ts';
import { readTagged, type Store, writeIf, writeOnce } from '../store.ts';

/** What a claim holds: the execution that may use a run id, or a schedule's slot. */
export const claimSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  executionArn: z.string(),
  /** Names of executions can be used again after 90 days. Then the ARN alone doesn't identify the execution. */
  startedAt: z.iso.datetime(),
});
export type Claim = z.infer<typeof claimSchema>;

/**
 * Claims a key for an execution, or finds that this execution has claimed it already (a retried or redriven Plan).
 *
 * @param mayTakeOver is called if another execution owns the key. It returns true if that execution can't continue any
 * more.
 * @throws AlreadyClaimedError with the run that owns `what`.
 */
export async function claim(
  store: Store,
  key: string,
  mine: Claim,
  what: string,
  mayTakeOver: (holder: Claim) => Promise<boolean> = async () => false,
): Promise<void> {
  if ((await writeOnce(store, key, mine)) === 'written') return;
  const { holder, etag } = await readHolder(store, key, what);
  if (isSame(holder, mine)) return;
  let last = holder;
  if (await mayTakeOver(holder)) {
    if ((await writeIf(store, key, { etag }, { body: JSON.stringify(mine) })) === 'written') return;
    // Another writer was faster. It may have been this very request, if the answer to its first attempt was lost.
    ({ holder: last } = await readHolder(store, key, what));
    if (isSame(last, mine)) return;
  }
  throw new AlreadyClaimedError(
    `${what} belongs to run ${last.runId} (${last.executionArn}, started ${last.startedAt}); see the manifest of that run, or use another name`,
  );
}

async function readHolder(store: Store, key: string, what: string): Promise<{ holder: Claim; etag: string }> {
  const found = await readTagged(store, key, claimSchema);
  if (found !== undefined) return { holder: found.value, etag: found.etag };
  // The object existed a moment ago, and Sluice never deletes a claim.
  throw new AlreadyClaimedError(
    `${what} was claimed, but its claim s3://${store.bucket}/${key} does not exist any more; start again`,
  );
}

function isSame(one: Claim, other: Claim): boolean {
  return one.executionArn === other.executionArn && one.startedAt === other.startedAt;
}
