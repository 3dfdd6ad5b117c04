/** How a warehouse gives its queries their turn. */
export type Management = 'manual' | 'automatic' | 'serverless';

/** What happened in a queue in one hour. */
export interface Hour {
  /** When it began, UTC. */
  readonly at: Date;
  readonly queries: number;
  readonly waitSeconds: number;
  readonly executionSeconds: number;
  readonly p95WaitSeconds: number;
  readonly worstWaitSeconds: number;
}

/** A queue of workload management, or all of a Serverless workgroup. */
export interface Queue {
  /** Its service class; null for Serverless. */
  readonly serviceClass: number | null;
  readonly name: string;
  /** Which queries go there. */
  readonly conditions: readonly string[];
  /** Null under automatic WLM and Serverless, which divide as they see fit. */
  readonly slots: number | null;
  /** MiB of a slot on each node. */
  readonly memoryMiB: number | null;
  /** Seconds after which a query is ended; null where there is no limit. */
  readonly timeoutSeconds: number | null;
  readonly concurrencyScaling: boolean;
  readonly queries: number;
  /** Queries that waited at all. */
  readonly waited: number;
  readonly waitSeconds: number;
  readonly executionSeconds: number;
  readonly p95WaitSeconds: number;
  readonly worstWaitSeconds: number;
  readonly longestSeconds: number;
  /** Queries that went to disk for want of memory; null where that isn't known. */
  readonly toDisk: number | null;
  readonly hours: readonly Hour[];
}

/** What was seen of a warehouse's queues, and by whom. */
export interface QueueReport {
  readonly management: Management;
  readonly since: Date;
  readonly until: Date;
  readonly user: string;
  /** `own`: this user sees its own queries alone, and not how the queues are set up. */
  readonly sees: 'all' | 'own';
  readonly queues: readonly Queue[];
  /** RPUs that Serverless had at most, and seconds of them that are charged; null for a cluster. */
  readonly capacity: { readonly mostRpus: number; readonly chargedSeconds: number } | null;
}

/** Time waited as a share of all time, 0 where there was none. */
export function waitShare({ waitSeconds, executionSeconds }: Pick<Queue, 'waitSeconds' | 'executionSeconds'>): number {
  const all = waitSeconds + executionSeconds;
  return all === 0 ? 0 : waitSeconds / all;
}
