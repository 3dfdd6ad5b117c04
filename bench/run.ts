import { statfs } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import type { Job, Lane } from './lane.ts';
import { type Cost, measure } from './measure.ts';
import type { Tool } from './tool.ts';
import type { SluiceTool } from './tools/sluice.ts';

export const MIB = 1_048_576;
export const GIB = 1_024 * MIB;

/** The S3 server holds the parts and, while it completes, the object. */
const DISK_FACTOR = 2.2;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A goal, and what came out. */
export interface Finding {
  readonly goal: string;
  readonly figure: string;
  readonly met: boolean;
}

export interface CaseResult {
  readonly title: string;
  /** How it was measured, a sentence or two. */
  readonly method: string;
  readonly table: Table;
  readonly findings: readonly Finding[];
}

/** One measured transfer, verified. */
export interface Run extends Cost {
  readonly tool: string;
  readonly over: 'HTTP' | 'TLS';
  readonly bytes: number;
  readonly connections: number;
  readonly cpuSecondsPerGib: number;
}

/** One call of `npm run bench`: its limits, its tools and what it has found so far. */
export class Bench {
  readonly quick: boolean;
  readonly sluice: SluiceTool;
  readonly tools: readonly Tool[];
  readonly results: ({ readonly name: string } & CaseResult)[] = [];
  /** Every single run, for the JSON. */
  readonly runs: Run[] = [];
  /** What failed or landed other bytes, with the reason. */
  readonly failures: string[] = [];
  /** What there was no time or no disk for. */
  readonly leftOut: string[] = [];
  readonly loadAtStart = loadavg()[0] ?? Number.NaN;
  readonly #end: number;

  constructor(options: { quick: boolean; minutes: number; sluice: SluiceTool; tools: readonly Tool[] }) {
    this.quick = options.quick;
    this.sluice = options.sluice;
    this.tools = options.tools;
    this.#end = performance.now() + options.minutes * 60_000;
  }

  fail(what: string, error: unknown): void {
    this.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    this.say(`   failed: ${this.failures.at(-1)}`);
  }

  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Whether there is time and disk for a run; if not, it is noted as left out. */
  async hasRoom(what: string, bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(tmpdir());
    const short = bavail * bsize < bytes * DISK_FACTOR;
    if (!short && performance.now() < this.#end) return true;
    this.leftOut.push(`${what}: ${short ? `less than ${Math.ceil((bytes * DISK_FACTOR) / GIB)} GiB free` : 'no time'}`);
    this.say(`   left out: ${this.leftOut.at(-1)}`);
    return false;
  }

  /**
   * Measures one transfer by one tool and verifies what it landed, outside the measurement.
   *
   * @returns undefined where it was left out or failed; the others go on.
   */
  async transfer(tool: Tool, lane: Lane, job: Job): Promise<Run | undefined> {
    const over = job.url.startsWith('https:') ? 'TLS' : 'HTTP';
    const what = `${tool.name}, ${over}, ${job.bytes / MIB} MiB, ${job.connections} connections`;
    if (!(await this.hasRoom(what, job.bytes))) return undefined;
    let cost: Cost;
    try {
      ({ cost } = await measure(tool.command(job)));
      await lane.settle(job);
    } catch (error) {
      this.fail(what, error);
      return undefined;
    }
    const cpuSecondsPerGib = ((cost.userSeconds + cost.systemSeconds) * GIB) / job.bytes;
    const { bytes, connections } = job;
    const run: Run = { tool: tool.name, over, bytes, connections, cpuSecondsPerGib, ...cost };
    this.runs.push(run);
    this.say(
      `   ${what}: ${cost.wallSeconds.toFixed(1)} s, ${cpuSecondsPerGib.toFixed(2)} CPU s/GiB, ${cost.peakMib.toFixed(0)} MiB`,
    );
    return run;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
