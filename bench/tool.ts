import type { Job } from './lane.ts';
import type { Command } from './measure.ts';

/** Something that moves an HTTP body into S3, measured as a process of its own. A peer is one more of these. */
export interface Tool {
  readonly name: string;
  /** Whether it can be told how many connections to open to the source. */
  readonly takesConnections: boolean;
  /** The version as it goes into the results, or undefined where the tool isn't installed. */
  version(): Promise<string | undefined>;
  command(job: Job): Command;
}
