import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Access } from '../permissions/access.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';

/** What somebody does with a queue: send messages, count them, take them, or keep them hidden for longer. */
export type QueueUse = 'send' | 'count' | 'take' | 'hold';

const ACTIONS = {
  send: ['sqs:SendMessage'],
  count: ['sqs:GetQueueAttributes'],
  take: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
  hold: ['sqs:ChangeMessageVisibility'],
} as const satisfies Record<QueueUse, readonly string[]>;

/** Only an upper limit: workers count an item's attempts in the ledger, and interruptions are not attempts. */
const MAX_RECEIVES = 20;

/** SQS keeps a message for 14 days at most. */
const KEEP = Duration.days(14);

/** What a `WorkQueue` takes. */
export interface WorkQueueProps {
  /** The deployment's settings, as `readSettings` returns them. */
  readonly settings: Pick<Settings, 'workers'>;
  /** Encrypts the messages. */
  readonly encryption: Encryption;
}

/** The queue from which workers receive, and the queue for messages that no worker could process. */
export class WorkQueue extends Construct {
  /** Workers receive from it. */
  readonly queue: Queue;
  /** Messages that were received 20 times. The gatekeeper empties it. */
  readonly deadLetters: Queue;
  readonly #encryption: Encryption;

  constructor(scope: Construct, id: string, { settings, encryption }: WorkQueueProps) {
    super(scope, id);
    this.#encryption = encryption;
    const house = { ...encryption.queue(), enforceSSL: true, retentionPeriod: KEEP };
    const { stackName } = Stack.of(this);
    this.deadLetters = new Queue(this, 'DeadLetters', { ...house, queueName: `${stackName}-dead-letters` });
    this.queue = new Queue(this, 'Queue', {
      ...house,
      queueName: `${stackName}-work`,
      visibilityTimeout: Duration.seconds(settings.workers.visibilitySeconds),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  /** Returns the queue's URL as an environment variable, and the permission for exactly these uses. */
  access(...uses: readonly QueueUse[]): Access {
    return this.#accessTo('SLUICE_QUEUE_URL', this.queue, uses);
  }

  /** Returns the same for the dead letters. */
  deadLetterAccess(...uses: readonly QueueUse[]): Access {
    return this.#accessTo('SLUICE_DEAD_LETTER_QUEUE_URL', this.deadLetters, uses);
  }

  #accessTo(variable: string, queue: Queue, uses: readonly QueueUse[]): Access {
    return {
      environment: { [variable]: queue.queueUrl },
      statements: [
        new PolicyStatement({ actions: uses.flatMap((use) => [...ACTIONS[use]]), resources: [queue.queueArn] }),
        ...(uses.includes('send') ? this.#encryption.leave('sqs', 'write') : []),
        ...(uses.includes('take') && !uses.includes('send') ? this.#encryption.leave('sqs', 'read') : []),
      ],
    };
  }
}
