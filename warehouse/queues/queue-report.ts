/** How a warehouse decides the order of its queries. */
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
  /** The conditions for queries of this queue. */
  readonly conditions: readonly string[];
  /** Null under automatic WLM and Serverless, which decide this themselves. */
  readonly slots: number | null;
  /** MiB of a slot on each node. */
  readonly memoryMiB: number | null;
  /** Seconds after which a query is ended; null if there is no limit. */
  readonly timeoutSeconds: number | null;
  readonly concurrencyScaling: boolean;
  readonly queries: number;
  /** Queries that waited for any time. */
  readonly waited: number;
  readonly waitSeconds: number;
  readonly executionSeconds: number;
  readonly p95WaitSeconds: number;
  readonly worstWaitSeconds: number;
  readonly longestSeconds: number;
  /** Queries that used the disk because memory was short; null if unknown. */
  readonly toDisk: number | null;
  readonly hours: readonly Hour[];
}

/** The state of a warehouse's queues, and the user who read it. */
export interface QueueReport {
  readonly management: Management;
  readonly since: Date;
  readonly until: Date;
  readonly user: string;
  /** `own`: this user sees only its own queries, and not how the queues are configured. */
  readonly sees: 'all' | 'own';
  readonly queues: readonly Queue[];
  /** The largest number of RPUs of Serverless, and their charged seconds; null for a cluster. */
  readonly capacity: { readonly mostRpus: number; readonly chargedSeconds: number } | null;
}

/** The time waited as a share of all time; 0 if there was none. */
export function waitShare({ waitSeconds, executionSeconds }: Pick<Queue, 'waitSeconds' | 'executionSeconds'>): number {
  const all = waitSeconds + executionSeconds;
  return all === 0 ? 0 : waitSeconds / all;
}
