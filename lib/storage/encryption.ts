import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, type PolicyStatementProps, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type LogGroupProps } from 'aws-cdk-lib/aws-logs';
import { BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
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
  readonly #key: IKey | undefined;
  readonly #logs: Settings['logs'];

  constructor(scope: Construct, id: string, { encryption, logs }: Pick<Settings, 'encryption' | 'logs'>) {
    super(scope, id);
    this.#logs = logs;
    if (encryption.key === 'own') this.#key = this.#ownKey();
    else if (encryption.key !== 'service') this.#key = Key.fromKeyArn(this, 'Key', encryption.key);
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

  /** A log group that expires as `logs.retentionDays` says, and goes with the stack. */
  logGroup(scope: Construct, props: Pick<LogGroupProps, 'logGroupName'> = {}): LogGroup {
    return new LogGroup(scope, 'Logs', {
      ...props,
      retention: this.#logs.retentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(this.#key && { encryptionKey: this.#key }),
    });
  }

  /** The leave to use the key that goes with a use of the service's data; none without a key. */
  leave(service: 's3' | 'sqs', use: 'read' | 'write'): PolicyStatement[] {
    if (this.#key === undefined) return [];
    const { region, urlSuffix } = Stack.of(this);
    const props: PolicyStatementProps = {
      actions: use === 'write' ? WRITE : READ,
      resources: [this.#key.keyArn],
      // Only on the way through the service, never for what is encrypted with the key elsewhere.
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
    };
    return [new PolicyStatement(props)];
  }

  /** Outlives the stack as the bucket does: without it nothing in the bucket could be read. */
  #ownKey(): IKey {
    const { region, account, partition, stackName } = Stack.of(this);
    const key = new Key(this, 'Key', {
      description: `What the Sluice deployment ${stackName} keeps`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
        },
      }),
    );
    // Events that could not be delivered go to a queue.
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: WRITE,
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    return key;
  }
}
