import type { Job, SmallJob } from './lane.ts';
import type { Command } from './measure.ts';

/** Something that moves an HTTP body into S3, measured as a process of its own. A peer is one more of these. */
export interface Tool {
  readonly name: string;
  /** It reads one file over as many connections as it is told; the others read it over one. */
  readonly readsInParallel: boolean;
  /** It can be told how many parts to have under way, and how large they are. */
  readonly takesSizes: boolean;
  /** A tool that people use, and that proves to S3 what it sends: the engine has to be leaner than each of these. */
  readonly verifies: boolean;
  /** The version as it goes into the results, or undefined where the tool isn't installed. */
  version(): Promise<string | undefined>;
  /** One file. */
  command(job: Job): Command;
  /** Many small files by one command, `job.atOnce` at once. */
  smallCommand?(job: SmallJob): Command;
}
