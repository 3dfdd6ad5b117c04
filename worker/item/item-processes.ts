import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessorOutcome } from '#processors/contract/run-processor.ts';
import { ITEM_BASE_MIB } from '#run/fleet/memory-share.ts';
import type { ItemJob, ItemSurroundings } from './item-job.ts';
import { ItemProcess } from './item-process.ts';

const MIB = 1_048_576;
/** A processor that keeps to its share overshoots now and then; one that takes this much doesn't keep to it. */
const OVERSHOOT = 1.25;

/**
 * The processes that a worker's items run in: one each, so that an item that crashes, fills its memory or never ends takes
 * nothing with it. A process in which an item has ended well, and has left nothing, takes the next one.
 */
export class ItemProcesses implements AsyncDisposable {
  readonly #program: string;
  readonly #memoryBytes: number;
  readonly #idle: ItemProcess[] = [];
  readonly #all = new Set<ItemProcess>();
  readonly #root: Promise<string>;
  #started = 0;
  #peakMiB = 0;

  /**
   * @param program the worker's own file.
   * @param memoryBytes an item's share of the task's memory.
   */
  constructor(program: string, memoryBytes: number) {
    this.#program = program;
    this.#memoryBytes = memoryBytes;
    this.#root = mkdtemp(join(tmpdir(), 'sluice-items-'));
    this.#root.catch(() => undefined);
  }

  /** The most memory that all of them had at the same time, in MiB, of one look a second. */
  get peakMiB(): number {
    return this.#peakMiB;
  }

  /** Runs a job as {@link RunItem} describes. */
  async run(job: ItemJob, surroundings: ItemSurroundings): Promise<ProcessorOutcome> {
    const used = this.#idle.pop();
    if (used !== undefined) {
      const end = await this.#runIn(used, job, surroundings);
      if (end.kind === 'done') return end.outcome;
      if (end.kind === 'failed') throw end.error;
      if (surroundings.signal.aborted) throw surroundings.signal.reason;
      // What an earlier item has left may be the cause.
      surroundings.logger.warn('the item ended with its process, and runs once more in a new one', {
        error: end.error,
      });
    }
    const end = await this.#runIn(await this.#start(), job, surroundings);
    if (end.kind === 'done') return end.outcome;
    throw surroundings.signal.aborted ? surroundings.signal.reason : end.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((one) => one.kill()));
    await rm(await this.#root, { recursive: true, force: true, maxRetries: 3 });
  }

  async #runIn(one: ItemProcess, job: ItemJob, surroundings: ItemSurroundings) {
    const end = await one.run(job, surroundings);
    if (end.kind === 'done' && end.isClean && !surroundings.signal.aborted) {
      this.#idle.push(one);
      return end;
    }
    // With it ends whatever the item has left running.
    await one.kill();
    this.#all.delete(one);
    return end.kind === 'failed' && surroundings.signal.aborted
      ? { kind: 'failed' as const, error: surroundings.signal.reason as Error }
      : end;
  }

  async #start(): Promise<ItemProcess> {
    const root = await this.#root;
    const one = await ItemProcess.start({
      program: this.#program,
      folder: join(root, String(++this.#started)),
      compileCache: join(root, 'compiled'),
      shared: join(root, 'shared'),
      heapBytes: this.#memoryBytes,
      memoryBytes: this.#memoryBytes * OVERSHOOT + ITEM_BASE_MIB * MIB,
      onMemory: () => {
        const now = [...this.#all].reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
        this.#peakMiB = Math.max(this.#peakMiB, now);
      },
    });
    this.#all.add(one);
    void one.ended.then(() => {
      const index = this.#idle.indexOf(one);
      if (index < 0) return;
      this.#idle.splice(index, 1);
      this.#all.delete(one);
      return one.kill();
    });
    return one;
  }
}
