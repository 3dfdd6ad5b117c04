import type { ProcessorLogger } from '#processors/contract/processor.ts';
import type { TaskRef } from './attempts.ts';
import type { Settled } from './settled.ts';

/** What a message asks a worker for: to process an item, or to land one. */
export interface Task {
  readonly ref: TaskRef;
  readonly name: string;
  /** For the log: the processor, or `fetch`. */
  readonly what: string;
  settledAs(): Promise<Settled>;
  /** Whether another worker has done it by now. */
  isDone(): Promise<boolean>;
  /**
   * Does it.
   *
   * @returns what writes the outcome into the ledger: a step of its own, since an error there is none of the item's.
   */
  run(
    attempt: number,
    signal: AbortSignal,
    logger: ProcessorLogger,
  ): Promise<() => Promise<'written' | 'exists' | 'late'>>;
}
