import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import type { TopicProps } from 'aws-cdk-lib/aws-sns';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';

/** What sending to, or writing into, something encrypted needs: a new data key, and S3 reads it back between parts. */
const WRITE = ['kms:GenerateDataKey', 'kms:Decrypt'];
const READ = ['kms:Decrypt'];

/**
 * How what is kept is encrypted: the bucket, the queues and the log groups, all in one way. By default with keys that the
 * services hold themselves, which cost nothing; by `encryption.key` with a KMS key.
 */
export class Encryption extends Construct {
  /** Keys that were `encryption.key` before: what is encrypted with them stays readable. */
  readonly formerKeys: readonly string[];
  readonly #key: IKey | undefined;
  readonly #logs: Settings['logs'];

  constructor(scope: Construct, id: string, { encryption, logs }: Pick<Settings, 'encryption' | 'logs'>) {
    super(scope, id);
    this.#logs = logs;
    this.formerKeys = encryption.formerKeys;
    if (encryption.key === 'own') this.#key = this.#ownKey();
    else if (encryption.key !== 'service') this.#key = Key.fromKeyArn(this, 'Key', encryption.key);
  }

  /** The ARN of the key, or `service` for the keys that the services hold themselves. */
  get keyName(): string {
    return this.#key?.keyArn ?? 'service';
  }

  bucket(): Pick<BucketProps, 'encryption' | 'encryptionKey' | 'bucketKeyEnabled'> {
    return this.#key === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : // A bucket key asks KMS once for many objects instead of once for each.
        { encryption: BucketEncryption.KMS, encryptionKey: this.#key, bucketKeyEnabled: true };
  }

  queue(): Pick<QueueProps, 'encryption' | 'encryptionMasterKey'> {
    return this.#key === undefined
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : { encryption: QueueEncryption.KMS, encryptionMasterKey: this.#key };
  }

  /** SNS has no key of its own that CloudWatch may use: without a key a topic is encrypted as SNS's disks are. */
  topic(): Pick<TopicProps, 'masterKey'> {
    return this.#key === undefined ? {} : { masterKey: this.#key };
  }

  /** A log group that expires as `logs.retentionDays` says, and goes with the stack. */
  logGroup(scope: Construct, logGroupName: string): LogGroup {
    return new LogGroup(scope, 'Logs', {
      logGroupName,
      retention: this.#logs.retentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(this.#key && { encryptionKey: this.#key }),
    });
  }

  /** The leave to use the keys that goes with a use of the service's data; none without a key. */
  leave(service: 's3' | 'sqs' | 'sns', use: 'read' | 'write'): PolicyStatement[] {
    const { region, urlSuffix } = Stack.of(this);
    const statement = (actions: string[], resources: string[]) =>
      new PolicyStatement({
        actions,
        resources,
        // Only on the way through the service, never for what is encrypted with the key elsewhere.
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
      });
    return [
      ...(this.#key === undefined ? [] : [statement(use === 'write' ? WRITE : READ, [this.#key.keyArn])]),
      ...(this.formerKeys.length === 0 ? [] : [statement(READ, [...this.formerKeys])]),
    ];
  }

  /**
   * A key that outlives the stack as the bucket does: without it nothing in the bucket could be read. A key of a first
   * deploy that failed goes with that deploy.
   */
  #ownKey(): IKey {
    const { region, account, partition, stackName, urlSuffix } = Stack.of(this);
    const key = new Key(this, 'Key', {
      description: `What the Sluice deployment ${stackName} keeps`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        // The one service principal here that has the region in it, and in China the suffix of China.
        principals: [new ServicePrincipal(`logs.${region}.${urlSuffix}`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
    // Events that could not be delivered go to a queue, and alarms to a topic.
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: ['events.amazonaws.com', 'cloudwatch.amazonaws.com'].map((name) => new ServicePrincipal(name)),
        actions: WRITE,
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    return key;
  }
}
