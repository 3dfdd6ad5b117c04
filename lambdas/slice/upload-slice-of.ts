import { runKeys } from '#run/keys.ts';
import { readLargeTransfer, type SliceCall } from '#run/landing/large-transfer.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';
import { writeJson } from '#run/store.ts';
import { planOf, slicesOf, UploadVanishedError } from '#transfer/index.ts';
import { resumeLarge } from '../ingest/job.ts';
import type { SourceIngest } from '../ingest/source-ingest.ts';

export interface SliceRequest {
  readonly runId: string;
  readonly item: string;
  /** The number of the slice, from Open's answer. */
  readonly slice: number;
  /** The number of this call for the slice, from 1. */
  readonly call: number;
  readonly deadline: Date;
}

export interface SliceAnswer {
  readonly done: boolean;
  /** Seconds that the source asked to wait before the next call. */
  readonly waitSeconds: number;
}

const LONGEST_WAIT_SECONDS = 300;

/**
 * Sends parts of a slice until it is done or the deadline is near, and stores the proofs that Close needs. Parts that a
 * dead invocation has sent are found by ListParts, without proofs.
 *
 * @throws UploadVanishedError if the upload does not exist any more; RunDeadlineError and RunLimitError if the run's
 * time is up; and what the engine throws.
 */
export async function uploadSliceOf(ingest: SourceIngest, request: SliceRequest): Promise<SliceAnswer> {
  const { runId, item, slice: number, call, deadline } = request;
  const transfer = await readLargeTransfer(ingest.store, runId, item);
  if (transfer === undefined) throw new UploadVanishedError(`no transfer of item ${item} of run ${runId} is under way`);
  await ingest.limits.checkTime(runId);
  const resumed = resumeLarge(ingest, transfer);
  const slice = slicesOf(planOf(resumed.state), transfer.sliceBytes)[number];
  if (slice === undefined) throw new RangeError(`${resumed.state.key} has no slice ${number}`);
  const runsDeadline = await ingest.limits.deadlineOf(runId);
  const { done, proofs, retries, vanished, waitUntil } = await resumed.uploadSlice(slice, {
    deadline: runsDeadline !== undefined && runsDeadline < deadline ? runsDeadline : deadline,
  });
  await writeJson(ingest.store, runKeys(runId).sliceCall(item, resumed.state.uploadId, number, call), {
    proofs,
    retries,
    peakMemoryMiB: peakMemoryMiB(),
  } satisfies SliceCall);
  if (vanished)
    throw new UploadVanishedError(`the upload of ${resumed.state.key} does not exist any more: somebody aborted it`);
  const waitSeconds = waitUntil === undefined ? 0 : Math.ceil((waitUntil.getTime() - Date.now()) / 1_000);
  return { done, waitSeconds: Math.min(LONGEST_WAIT_SECONDS, Math.max(0, waitSeconds)) };
}
