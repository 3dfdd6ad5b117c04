import type { ECSClient } from '@aws-sdk/client-ecs';

/** Where workers run, and how many may run. */
export interface Fleet {
  readonly client: ECSClient;
  readonly cluster: string;
  /** The family, not a revision: a revision that a new deploy has replaced can't be started any more. */
  readonly taskFamily: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  readonly max: number;
  readonly itemsPerWorker: number;
  /**
   * Whether to ask for Spot first, and for on-demand capacity if Spot has none or takes a worker back: ECS never falls
   * back by itself.
   */
  readonly spot: boolean;
}
