import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import type { TopicProps } from 'aws-cdk-lib/aws-sns';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';

/**
 * The actions for sending to or writing into something encrypted: a new data key, and decryption, because S3 reads the
 * key again between parts.
 */
const WRITE = ['kms:GenerateDataKey', 'kms:Decrypt'];
const READ = ['kms:Decrypt'];

/**
 * How stored data is encrypted: the bucket, the queues and the log groups, all in one way. By default with keys that
 * the services manage themselves, which cost nothing; with `encryption.key`, by a KMS key.
 */
export class Encryption extends Construct {
  /** Earlier values of `encryption.key`: data that is encrypted with them can still be read. */
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

  /** The ARN of the key, or `service` for the keys that the services manage themselves. */
  get keyName(): string {
    return this.#key?.keyArn ?? 'service';
  }

  /** Returns the properties of an encrypted bucket. */
  bucket(): Pick<BucketProps, 'encryption' | 'encryptionKey' | 'bucketKeyEnabled'> {
    return this.#key === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : // With a bucket key, S3 asks KMS once for many objects instead of once for each.
        { encryption: BucketEncryption.KMS, encryptionKey: this.#key, bucketKeyEnabled: true };
  }

  /** Returns the properties of an encrypted queue. */
  queue(): Pick<QueueProps, 'encryption' | 'encryptionMasterKey'> {
    return this.#key === undefined
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : { encryption: QueueEncryption.KMS, encryptionMasterKey: this.#key };
  }

  /** SNS has no key that CloudWatch may use: without a key, a topic is only encrypted with SNS's disks. */
  topic(): Pick<TopicProps, 'masterKey'> {
    return this.#key === undefined ? {} : { masterKey: this.#key };
  }

  /** Makes a log group that expires as `logs.retentionDays` says, and is deleted with the stack. */
  logGroup(scope: Construct, logGroupName: string): LogGroup {
    return new LogGroup(scope, 'Logs', {
      logGroupName,
      retention: this.#logs.retentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(this.#key && { encryptionKey: this.#key }),
    });
  }

  /** Returns the permission to use the keys for a use of the service's data; none without a key. */
  leave(service: 's3' | 'sqs' | 'sns', use: 'read' | 'write'): PolicyStatement[] {
    const { region, urlSuffix } = Stack.of(this);
    const statement = (actions: string[], resources: string[]) =>
      new PolicyStatement({
        actions,
        resources,
        // Only through the service, never for data that is encrypted with the key elsewhere.
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
      });
    return [
      ...(this.#key === undefined ? [] : [statement(use === 'write' ? WRITE : READ, [this.#key.keyArn])]),
      ...(this.formerKeys.length === 0 ? [] : [statement(READ, [...this.formerKeys])]),
    ];
  }

  /**
   * Makes a key that outlives the stack like the bucket, because without it the bucket could not be read. The key of a
   * failed first deploy is deleted with that deploy.
   */
  #ownKey(): IKey {
    const { region, account, partition, stackName, urlSuffix } = Stack.of(this);
    const key = new Key(this, 'Key', {
      description: `Data of the Sluice deployment ${stackName}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        // This is the only service principal here that contains the region, and in China the suffix of China.
        principals: [new ServicePrincipal(`logs.${region}.${urlSuffix}`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
    // Undelivered events are sent to a queue, and alarms to a topic.
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
