import type { ItemObject, Json, ProcessorLogger } from '#processors/contract/processor.ts';
import type { ProcessorOutcome } from '#processors/contract/run-processor.ts';

/** All that an item process needs to run a processor on an item. It is JSON, because it is sent to another process. */
export interface ItemJob {
  readonly processor: string;
  readonly runId: string;
  readonly item: string;
  readonly name: string;
  readonly object: ItemObject | undefined;
  readonly input: Json;
  /** The options in the run's input, unchecked; the processor's own schema checks them. */
  readonly options: unknown;
  readonly attempt: number;
  /** The worker's name in logs. */
  readonly worker: string;
  readonly memoryBytes: number;
}

/** What a processor's run uses from its surroundings. */
export interface ItemSurroundings {
  /** Aborts when the work has to stop, with the reason. */
  readonly signal: AbortSignal;
  readonly logger: ProcessorLogger;
  /** Receives the progress as text, at most a few times a second. */
  readonly onProgress: (text: string) => void;
}

/**
 * Runs a processor on an item.
 *
 * @throws what the processor throws; an error if its process ends; the signal's reason if the work stopped because of
 * the signal.
 */
export type RunItem = (job: ItemJob, surroundings: ItemSurroundings) => Promise<ProcessorOutcome>;
