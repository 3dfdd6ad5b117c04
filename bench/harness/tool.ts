import type { Job, SmallJob } from './lane.ts';
import type { Command } from './measure.ts';

/**
 * A program that transfers an HTTP body into S3, measured as a process of its own. To compare another tool, add one of
 * these.
 */
export interface Tool {
  readonly name: string;
  /** Whether it reads one file over as many connections as an option says; other tools read it over one. */
  readonly readsInParallel: boolean;
  /** Whether it has options for the number of parts in flight and for their size. */
  readonly takesSizes: boolean;
  /**
   * Whether it is a tool that people use and that proves to S3 what it sends: the engine has to cost less than each of
   * these.
   */
  readonly verifies: boolean;
  /** The version for the results, or undefined if the tool isn't installed. */
  version(): Promise<string | undefined>;
  /** One file. */
  command(job: Job): Command;
  /** The command for many small files, `job.atOnce` at once. */
  smallCommand?(job: SmallJob): Command;
}
