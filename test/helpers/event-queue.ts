import { randomUUID } from 'node:crypto';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { keepingQueue } from '#local/keeping-queue.ts';

/** An event as EventBridge hands it over. */
export interface DeliveredEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** A rule on the default bus, and a queue that keeps the events that match its pattern. */
export async function eventQueue(client: EmbeddedAws['client'], pattern: object) {
  const events = new EventBridgeClient(client);
  const queue = await keepingQueue(client);
  const Name = randomUUID();
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
  await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'queue', Arn: queue.arn }] }));
  return {
    async events(): Promise<DeliveredEvent[]> {
      return (await queue.messages()).map((body) => JSON.parse(body));
    },
  };
}
