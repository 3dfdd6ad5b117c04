import type { Logger } from '@aws-lambda-powertools/logger';
import type { Credentials } from '#run/credentials/credentials.ts';
import type { Queue as DispatchQueue } from '#run/fleet/dispatch.ts';
import type { RunLimits } from '#run/limits/run-limits.ts';
import type { Store } from '#run/store.ts';
import type { WorkerSettings } from '../environment.ts';
import type { RunItem } from '../item/item-job.ts';
import type { Queue } from './queue.ts';

/** What a worker works with. */
export interface WorkerParts {
  readonly store: Store;
  readonly queue: Queue;
  /** The same queue, to send to: what a worker has landed goes to its processor. */
  readonly dispatchQueue: DispatchQueue;
  readonly settings: WorkerSettings;
  /** Of sources that a worker lands. */
  readonly credentials: Credentials;
  readonly limits: RunLimits;
  /** Runs a processor on an item: in a process of its own, where a test doesn't have it otherwise. */
  readonly runItem: RunItem;
  readonly logger: Logger;
  /** What the worker is called in records and logs: its task's id, or its host and process. */
  readonly worker: string;
}

/**
 * What became of one delivery.
 * - `done`, `late`: the result is recorded, in time or after the run was closed.
 * - `failed`: a failure is recorded.
 * - `skipped`: there was nothing to do any more: settled before, done by another worker, run closed, message lost.
 * - `refused`: the message is none of ours, or can't be read.
 * - `retry`: the try failed, the message comes back after `pauseSeconds`.
 * - `returned`: the worker stops, the message is back in the queue at once.
 * - `outdated`: the message is back in the queue, for a worker of a newer version; this one leaves.
 */
export type Verdict =
  | { readonly kind: 'done' | 'late' | 'failed' | 'skipped' | 'refused' | 'returned' | 'outdated' }
  | { readonly kind: 'retry'; readonly pauseSeconds: number };
