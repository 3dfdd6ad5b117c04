import type { ProcessorLogger } from '#processors/contract/processor.ts';
import type { TaskRef } from './attempts.ts';
import type { Settled } from './settled.ts';

/** What a message asks a worker to do: process an item, or land one. */
export interface Task {
  readonly ref: TaskRef;
  readonly name: string;
  /** For the log: the processor, or `fetch`. */
  readonly what: string;
  settledAs(): Promise<Settled>;
  /** Returns whether another worker has done the task meanwhile. */
  isDone(): Promise<boolean>;
  /**
   * Does the task.
   *
   * @returns a function that writes the outcome into the ledger. It is a separate step, because an error of this write
   * is not an error of the item.
   */
  run(
    attempt: number,
    signal: AbortSignal,
    logger: ProcessorLogger,
  ): Promise<() => Promise<'written' | 'exists' | 'late'>>;
}
