import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { SluiceTool } from '../tools/sluice.ts';
import type { Job, Lane, Sizes } from './lane.ts';
import { CommandFailedError, type Cost, measure } from './measure.ts';
import type { Tool } from './tool.ts';

export const MIB = 1_048_576;
export const GIB = 1_024 * MIB;

/** The S3 server stores the parts and, while it completes an upload, the object too. */
const DISK_FACTOR = 2.2;

/** The comparison measures the cost of a tool when it works, so other tools may try again; the engine may not. */
const PEER_ATTEMPTS = 3;

export interface Table {
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A goal and its result. */
export interface Finding {
  readonly goal: string;
  readonly figure: string;
  readonly met: boolean;
}

export interface CaseResult {
  readonly title: string;
  /** How it was measured, in one or two sentences. */
  readonly method: string;
  readonly tables: readonly Table[];
  readonly findings: readonly Finding[];
}

/** One measured transfer of one file, verified. */
export interface Run extends Cost {
  /** The case that the run belongs to. */
  readonly of: string;
  readonly tool: string;
  readonly over: Lane['over'];
  readonly bytes: number;
  readonly sizes: Sizes;
  readonly cpuSecondsPerGib: number;
}

export interface BenchOptions {
  /** Smaller files. */
  readonly quick: boolean;
  /** Files of their real sizes, except those larger than a GiB, and fewer rounds. */
  readonly brief: boolean;
  /** After this time, no run begins. */
  readonly minutes: number;
  readonly sluice: SluiceTool;
  readonly tools: readonly Tool[];
  readonly loadAtStart: number;
}

/** One call of `npm run bench`: its limits, its tools and its results so far. */
export class Bench {
  readonly quick: boolean;
  readonly brief: boolean;
  readonly sluice: SluiceTool;
  /** Every tool to compare, with the engine unless it was excluded. */
  readonly tools: readonly Tool[];
  readonly loadAtStart: number;
  readonly results: ({ readonly name: string } & CaseResult)[] = [];
  /** Every single run, for the JSON. */
  readonly runs: Run[] = [];
  /** Runs that failed or landed wrong bytes, with the reason. */
  readonly failures: string[] = [];
  /** Runs of other tools that failed and were repeated, with the reason. */
  readonly repeated: string[] = [];
  /** Runs for which there was no time or no disk space. */
  readonly leftOut: string[] = [];
  /** The case under way. */
  of = '';
  readonly #end: number;

  constructor(options: BenchOptions) {
    this.quick = options.quick;
    this.brief = options.brief;
    this.sluice = options.sluice;
    this.tools = options.tools;
    this.loadAtStart = options.loadAtStart;
    this.#end = performance.now() + options.minutes * 60_000;
  }

  fail(what: string, error: unknown): void {
    this.failures.push(`${what}: ${told(error)}`);
    this.say(`   failed: ${this.failures.at(-1)}`);
  }

  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  get secondsLeft(): number {
    return (this.#end - performance.now()) / 1000;
  }

  /** Returns whether there is time and disk space for a run; if not, the run is recorded as left out. */
  async hasRoom(what: string, bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(tmpdir());
    const short = bavail * bsize < bytes * DISK_FACTOR;
    if (!short && this.secondsLeft > 0) return true;
    this.leaveOut(`${what}: ${short ? `less than ${Math.ceil((bytes * DISK_FACTOR) / GIB)} GiB free` : 'no time'}`);
    return false;
  }

  leaveOut(what: string): void {
    this.leftOut.push(what);
    this.say(`   not measured: ${what}`);
  }

  /**
   * Repeats a round of interleaved runs: once, and then up to `most` times if another one will probably end in time.
   *
   * @param seconds for all rounds together, within the time that the benchmark has left.
   */
  async rounds(most: number, seconds: number, round: () => Promise<void>): Promise<void> {
    const end = performance.now() + Math.min(seconds, this.secondsLeft) * 1000;
    let longest = 0;
    for (let count = 0; count < most; count++) {
      const start = performance.now();
      if (count > 0 && start + longest > end) return;
      await round();
      longest = Math.max(longest, performance.now() - start);
    }
  }

  /**
   * Measures one transfer with one tool, and verifies the landed object outside of the measurement.
   *
   * @returns undefined if the run was left out or failed; the other runs continue.
   */
  async transfer(tool: Tool, lane: Lane, job: Job): Promise<Run | undefined> {
    const { sizes, file } = job;
    const bytes = file.length;
    const how = [
      ...(sizes.connections === undefined ? [] : [`${sizes.connections} connections`]),
      ...(sizes.partMib === undefined ? [] : [`${sizes.partMib} MiB parts`]),
    ];
    const what = [tool.name, lane.over, `${bytes / MIB} MiB`, ...how].join(', ');
    if (!(await this.hasRoom(what, bytes))) return undefined;
    const cost = await this.#measured(what, tool, lane, job);
    if (cost === undefined) return undefined;
    const cpuSecondsPerGib = ((cost.userSeconds + cost.systemSeconds) * GIB) / bytes;
    const run: Run = { of: this.of, tool: tool.name, over: lane.over, bytes, sizes, cpuSecondsPerGib, ...cost };
    this.runs.push(run);
    this.say(
      `   ${what}: ${cost.wallSeconds.toFixed(1)} s, ${cpuSecondsPerGib.toFixed(2)} CPU s/GiB, ${cost.peakMib.toFixed(0)} MiB`,
    );
    return run;
  }

  async #measured(what: string, tool: Tool, lane: Lane, job: Job): Promise<Cost | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { cost } = await measure(tool.command(job));
        await lane.settle([job]);
        return cost;
      } catch (error) {
        const again = error instanceof CommandFailedError && tool !== this.sluice && attempt < PEER_ATTEMPTS;
        if (!again) {
          this.fail(what, error);
          return undefined;
        }
        this.repeated.push(`${what}: ${told(error)}`);
        this.say(`   again: ${what} failed`);
      }
    }
  }
}

/** Removes the path of this clone, because others read the results. */
function told(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(`${process.cwd()}/`, '');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
