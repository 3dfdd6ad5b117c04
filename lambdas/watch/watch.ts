import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Store } from '#run/store.ts';

/** What the watch checks, and where it reports. */
export interface Watch {
  readonly store: Store;
  readonly events: EventBridgeClient;
  readonly deployment: string;
}
