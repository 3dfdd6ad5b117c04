import type { Readable, Writable } from 'node:stream';
import type { z } from 'zod';
import type { SourceGuard } from '#net/guard/source-guard.ts';

/**
 * What a processor may return, and the type of a work item's input: JSON. Declare results as `type`, not `interface`.
 */
export type Json = z.core.util.JSONType;

/** The landed object of an item. */
export interface ItemObject {
  /** The bucket of the deployment. */
  readonly bucket: string;
  /** The object's key. */
  readonly key: string;
  /** Its size in bytes, as it is stored. */
  readonly bytes: number;
  /** The content type that the source stated, if any. */
  readonly contentType?: string | undefined;
}

/**
 * The item to process. `Options` is the type that the processor's own schema makes from the options in the run's input.
 */
export interface ProcessorItem<Options = unknown> {
  /** The id of the run. */
  readonly runId: string;
  /** The item's id: 32 hex digits. It is the same in repeated runs of the same plan. */
  readonly id: string;
  /** The name by which a person knows the item: the landed object's key, or the work's name. */
  readonly name: string;
  /** The landed object; undefined if the item is work without a source. */
  readonly object: ItemObject | undefined;
  /** The work's own input; null if the item is a landed object, or if the work has no input. */
  readonly input: Json;
  /** The options of the run's input, after the processor's schema has checked them and added its defaults. */
  readonly options: Options;
}

/** A structured logger. Every line contains the ids of the run and the item. */
export interface ProcessorLogger {
  /** Logged only with the setting `logs.level` DEBUG. */
  debug(message: string, fields?: Record<string, unknown>): void;
  /** Logs something that happens as expected. */
  info(message: string, fields?: Record<string, unknown>): void;
  /** Logs something that a person should look at some time. */
  warn(message: string, fields?: Record<string, unknown>): void;
  /** Logs something that went wrong. This does not fail the item: to fail it, throw an error. */
  error(message: string, fields?: Record<string, unknown>): void;
}

/** The functions and values that a processor gets besides the item itself. */
export interface ProcessorContext {
  /**
   * Aborts when the work has to stop: the time limit is reached, the worker is being stopped, or another worker was
   * faster. Pass it to every function that accepts a signal. If the processor does not stop, the worker kills its
   * process after 12 seconds, even in an endless loop.
   */
  readonly signal: AbortSignal;
  /** Writes to the worker's log. */
  readonly logger: ProcessorLogger;
  /** The number of this attempt of the item. Numbers only grow, and no two attempts have the same one. */
  readonly attempt: number;
  /**
   * The item's share of the task's memory, in bytes, without the memory of Node and the worker. The JavaScript heap
   * can't grow beyond this share. On Linux, the worker kills a process if its memory, with buffers and native code,
   * exceeds the share by a quarter.
   */
  readonly memoryBytes: number;
  /** The User-Agent for requests to web servers, from the worker's settings. */
  readonly userAgent: string;
  /**
   * The guard for requests to web servers, from the deployment's settings. `requestUrl(context, url)` sends a request
   * through it. If you send requests in another way, call `sourceGuard.checkUrl(url)` before each of them, and connect
   * with `dial` of `sluice/transfer`. Without the guard, an input could reach the task's own credentials.
   */
  readonly sourceGuard: SourceGuard;
  /**
   * Reports the progress, for example `progress({ rows: 120_000 })`. Call it as often as you like: it is logged at most
   * every 30 seconds. If the item exceeds its time limit, its failure contains the last report.
   */
  progress(fields: Record<string, string | number>): void;
  /**
   * The landed object's bytes as they are stored, from the first to the last.
   *
   * If a connection breaks, the stream continues at the same byte, and only with the same version of the object. If an
   * object ends early, the stream fails.
   *
   * @throws NoInputObjectError (as the stream's error) if the item has no object.
   */
  openInput(): Readable;
  /**
   * Opens a file for writing. The file is stored under the item's own prefix of the bucket, and appears when the
   * stream has finished: await `pipeline(source, context.output('rows.jsonl',
   * 'application/x-ndjson'))` or `finished(stream)`.
   *
   * If an output is destroyed before it has finished, it is not stored.
   *
   * Wait for `drain` when a write returns false. Then each output needs at most 24 MiB of memory.
   *
   * @param name a relative path such as `part-000.parquet`. Each name can be used once.
   * @throws OutputNameError for any other name.
   */
  output(name: string, contentType: string): Writable;
}

/** A job that workers can do on an item. Make one with {@link defineProcessor}. */
export interface Processor<Options = unknown> {
  /**
   * Lower case letters, digits and dashes. The setting `workers.processors` names the file of a processor of your own
   * by this name. For a built-in processor, `run/input/processor-names.ts` contains it.
   */
  readonly name: string;
  /** Checks the options in the run's input. Use `z.strictObject`, so that a misspelt option is refused. */
  readonly options: z.ZodType<Options>;
  /** Does the job on one item, and returns its result. See {@link defineProcessor} for the rules. */
  process(item: ProcessorItem<Options>, context: ProcessorContext): Promise<Json>;
}

/**
 * Defines a processor. It only connects the types of `options` and `process`.
 *
 * The result is recorded in the run's ledger and must be JSON of at most 256 KiB: write longer results to an output. A
 * processor may run several times on one item, even at the same time, and must allow for this: only the outputs of the
 * winning attempt are read. While an item is processed, its process runs nothing else, so a processor may use the whole
 * event loop. The worker, which keeps the item reserved, is another process.
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
