import type { Readable, Writable } from 'node:stream';
import type { z } from 'zod';
import type { SourceGuard } from '#net/guard/source-guard.ts';

/** What a processor may return, and what a work item's input is: JSON. Declare results as `type`, not `interface`. */
export type Json = z.core.util.JSONType;

/** The landed object that an item stands for. */
export interface ItemObject {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  /** What the source called it, where it said anything. */
  readonly contentType?: string | undefined;
}

/** What is to be processed. `Options` is what the processor's own schema makes of the options in the run's input. */
export interface ProcessorItem<Options = unknown> {
  readonly runId: string;
  /** The item's id, stable over repeated runs of the same plan: 32 hex digits. */
  readonly id: string;
  /** What a person calls the item: the landed object's key, or the work's name. */
  readonly name: string;
  /** The landed object; undefined where the item is work without a source. */
  readonly object: ItemObject | undefined;
  /** The work's own input; null where the item is a landed object, or was given none. */
  readonly input: Json;
  readonly options: Options;
}

/** A structured logger. Every line carries the run's and the item's id already. */
export interface ProcessorLogger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What a processor works with, beside the item itself. */
export interface ProcessorContext {
  /**
   * Aborts when the work is to stop: the time limit, the worker being stopped, another worker having been faster.
   * Pass it on to whatever takes one. The process of a processor that goes on regardless is killed after 12 seconds,
   * also where it is in an endless loop.
   */
  readonly signal: AbortSignal;
  readonly logger: ProcessorLogger;
  /** Which try of the item this is. Numbers only grow, and no two tries share one. */
  readonly attempt: number;
  /**
   * The item's share of the task's memory, in bytes, beside what Node and the worker take themselves. The JavaScript heap
   * can't grow beyond it. A process that takes a quarter more with its buffers and native code is killed (on Linux).
   */
  readonly memoryBytes: number;
  /** What a processor that asks web servers calls itself, from the worker's settings. */
  readonly userAgent: string;
  /**
   * Where web servers may be that a processor asks, from the deployment's settings. Before each request
   * `sourceGuard.checkUrl(url)`, and connect by `guardedAgent(sourceGuard, …)` of `#net/dial/guarded-http.ts` or `dial` of `#transfer/index.ts`:
   * anything else would let an input reach the task's own credentials.
   */
  readonly sourceGuard: SourceGuard;
  /**
   * Says how far the work is, such as `progress({ rows: 120_000 })`. Call it as often as is handy: it is logged every
   * 30 seconds at most, and the last word stands in the failure if the item runs out of time.
   */
  progress(fields: Record<string, string | number>): void;
  /**
   * The landed object's bytes as they are stored, from the first to the last.
   *
   * A broken connection is resumed where it broke, and only from the very same version of the object. An object that
   * ends early is an error, never a short read.
   *
   * @throws NoInputObjectError (as the stream's error) where the item has no object.
   */
  openInput(): Readable;
  /**
   * A file to write, kept under the item's own prefix of the bucket. It appears when the stream has finished, whole or
   * not at all: await `pipeline(source, context.output('rows.jsonl', 'application/x-ndjson'))` or `finished(stream)`.
   *
   * An output that is destroyed before it has finished is given up, and not there.
   *
   * Keep what it returns flowing: at most 24 MiB are held in memory for each output.
   *
   * @param name a relative path such as `part-000.parquet`, once each.
   * @throws OutputNameError for any other name.
   */
  output(name: string, contentType: string): Writable;
}

/** A job that workers can do on an item. Make one with {@link defineProcessor}. */
export interface Processor<Options = unknown> {
  /** Lower case letters, digits and dashes. It must also stand in `run/input/processor-names.ts`. */
  readonly name: string;
  readonly options: z.ZodType<Options>;
  process(item: ProcessorItem<Options>, context: ProcessorContext): Promise<Json>;
}

/**
 * Defines a processor; it only ties the types of `options` and `process` together.
 *
 * The result is recorded in the run's ledger and must be JSON of at most 256 KiB: what is longer belongs into an output.
 * A processor can be run several times on one item, also at once with itself, and must not mind: outputs of tries
 * that didn't win are never read. Each item has a process of its own while it is worked on, so a processor may use all
 * of its event loop; the worker, which keeps the item reserved, is another process.
 *
 * @example
 * export const countLines = defineProcessor({
 *   name: 'count-lines',
 *   options: z.strictObject({ skipEmpty: z.boolean().default(false) }),
 *   async process(item, context) {
 *     let lines = 0;
 *     for await (const line of createInterface({ input: context.openInput() })) {
 *       if (!item.options.skipEmpty || line !== '') lines++;
 *     }
 *     return { lines };
 *   },
 * });
 */
export function defineProcessor<Schema extends z.ZodType>(definition: {
  readonly name: string;
  readonly options: Schema;
  process(item: ProcessorItem<z.output<Schema>>, context: ProcessorContext): Promise<Json>;
}): Processor<z.output<Schema>> {
  return definition as Processor<z.output<Schema>>;
}
