import type { ItemObject, Json, ProcessorLogger } from '#processors/contract/processor.ts';
import type { ProcessorOutcome } from '#processors/contract/run-processor.ts';

/** All that the run of a processor on an item needs to know. JSON, since it goes to another process. */
export interface ItemJob {
  readonly processor: string;
  readonly runId: string;
  readonly item: string;
  readonly name: string;
  readonly object: ItemObject | undefined;
  readonly input: Json;
  /** As the run's input has them; the processor's own schema checks them. */
  readonly options: unknown;
  readonly attempt: number;
  /** What the worker is called in logs. */
  readonly worker: string;
  readonly memoryBytes: number;
}

/** What happens around the run of a processor. */
export interface ItemSurroundings {
  /** Aborts with the reason for which the work is to stop. */
  readonly signal: AbortSignal;
  readonly logger: ProcessorLogger;
  /** Gets how far the work is, as text, a few times a second at most. */
  readonly onProgress: (text: string) => void;
}

/**
 * Runs a processor on an item.
 *
 * @throws what the processor throws, or how its process ended; the signal's reason where the work ended because of it.
 */
export type RunItem = (job: ItemJob, surroundings: ItemSurroundings) => Promise<ProcessorOutcome>;
