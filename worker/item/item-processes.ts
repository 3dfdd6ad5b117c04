import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessorOutcome } from '#processors/contract/run-processor.ts';
import { ITEM_BASE_MIB } from '#run/fleet/memory-share.ts';
import type { ItemJob, ItemSurroundings } from './item-job.ts';
import { ItemProcess } from './item-process.ts';

const MIB = 1_048_576;
/** A processor that obeys its share may exceed it for a moment, but not by this factor. */
const OVERSHOOT = 1.25;

/**
 * The processes in which a worker's items run. Each item has its own process, so an item that crashes, fills its memory
 * or never ends does not affect other items. If an item has ended well and has left nothing behind, its process runs
 * the next item.
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

  /** The largest memory of all processes together, in MiB, measured once a second. */
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
      // Remains of an earlier item in the same process may be the cause.
      surroundings.logger.warn('the item ended with its process, and runs once more in a new process', {
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
    // This also ends everything that the item has left running.
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
