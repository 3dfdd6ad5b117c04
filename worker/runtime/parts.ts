import type { Logger } from '@aws-lambda-powertools/logger';
import type { Credentials } from '#run/credentials/credentials.ts';
import type { Queue as DispatchQueue } from '#run/fleet/dispatch.ts';
import type { RunLimits } from '#run/limits/run-limits.ts';
import type { Store } from '#run/store.ts';
import type { WorkerSettings } from '../environment.ts';
import type { RunItem } from '../item/item-job.ts';
import type { Queue } from './queue.ts';

/** What the functions of a worker share. */
export interface WorkerParts {
  readonly store: Store;
  readonly queue: Queue;
  /** The same queue for sending: objects that the worker has landed are sent to their processors. */
  readonly dispatchQueue: DispatchQueue;
  readonly settings: WorkerSettings;
  /** The credentials of sources that the worker lands. */
  readonly credentials: Credentials;
  readonly limits: RunLimits;
  /** Runs a processor on an item: in a process of its own, unless a test replaces it. */
  readonly runItem: RunItem;
  readonly logger: Logger;
  /** The worker's name in records and logs: its task's id, or its host and process. */
  readonly worker: string;
}

/**
 * The outcome of one delivery.
 * - `done`, `late`: the result is recorded, in time or after the run was closed.
 * - `failed`: a failure is recorded.
 * - `skipped`: there was nothing left to do: the item was settled before, another worker did it, the run was closed, or
 *   the message was lost.
 * - `refused`: the message is not one of ours, or can't be read.
 * - `retry`: the attempt failed, and the message becomes visible after `pauseSeconds`.
 * - `returned`: the worker stops, and the message is visible in the queue at once.
 * - `outdated`: the message is visible for a worker of a newer version, and this worker ends.
 */
export type Verdict =
  | { readonly kind: 'done' | 'late' | 'failed' | 'skipped' | 'refused' | 'returned' | 'outdated' }
  | { readonly kind: 'retry'; readonly pauseSeconds: number };
