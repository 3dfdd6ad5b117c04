import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { RUNS_PREFIX } from '#run/keys.ts';
import type { Access } from '../permissions/access.ts';
import type { Settings } from '../settings/settings.ts';
import { EmptyingLogs } from './emptying-logs.ts';
import type { Encryption } from './encryption.ts';

/** The actions on objects, each for patterns of keys: `runs/*`, or `*` for all. */
export interface ObjectUse {
  /** GetObject and HeadObject. */
  readonly read?: readonly string[];
  /** PutObject, and creating, filling and completing a multipart upload, which are the same action. */
  readonly write?: readonly string[];
  /** Listing a multipart upload's parts, and aborting it. */
  readonly uploads?: readonly string[];
  /** DeleteObject; the bucket keeps the version for a while. */
  readonly remove?: readonly string[];
}

/** What a `Storage` takes. */
export interface StorageProps {
  /** The deployment's settings, as `readSettings` returns them. */
  readonly settings: Pick<Settings, 'bucket' | 'run'>;
  /** Encrypts the objects. */
  readonly encryption: Encryption;
}

/** The bucket: landed objects, processors' outputs, and the records of runs. */
export class Storage extends Construct {
  /** The bucket. It outlives the stack unless `bucket.deleteWithStack` is set. */
  readonly bucket: IBucket;
  readonly #encryption: Encryption;

  constructor(scope: Construct, id: string, { settings, encryption }: StorageProps) {
    super(scope, id);
    this.#encryption = encryption;
    const { oldVersionDays, incompleteUploadDays, deleteWithStack } = settings.bucket;
    const bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      ...encryption.bucket(),
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // The bucket outlives the stack, but not a first deploy that failed, because it is empty then.
      removalPolicy: deleteWithStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      autoDeleteObjects: deleteWithStack,
      lifecycleRules: [
        {
          id: 'incomplete-uploads',
          abortIncompleteMultipartUploadAfter: Duration.days(incompleteUploadDays),
        },
        {
          id: 'old-versions',
          noncurrentVersionExpiration: Duration.days(oldVersionDays),
          expiredObjectDeleteMarker: true,
        },
        // Claims of schedules' slots have another prefix and outlive the runs.
        { id: 'old-runs', prefix: RUNS_PREFIX, expiration: Duration.days(settings.run.keepDays) },
      ],
    });
    if (deleteWithStack) new EmptyingLogs(this, 'Emptying', { bucket, encryption });
    // CDK's own types don't hold under exactOptionalPropertyTypes.
    this.bucket = bucket as IBucket;
  }

  /**
   * Returns the bucket's name, and the permission for exactly this use of its objects.
   *
   * Listing is added to every use, for the whole bucket. Without it, S3 answers 403 instead of 404 to a read of an
   * object that doesn't exist, and a condition on the prefix would not match that read.
   */
  access(use: ObjectUse): Access {
    const objects = (patterns: readonly string[]) => patterns.map((pattern) => this.bucket.arnForObjects(pattern));
    // The engine looks for an upload whose Create was done but whose answer was lost.
    const ofBucket = ['s3:ListBucket', ...(use.uploads === undefined ? [] : ['s3:ListBucketMultipartUploads'])];
    const statements = [new PolicyStatement({ actions: ofBucket, resources: [this.bucket.bucketArn] })];
    const add = (actions: string[], patterns: readonly string[] = []) => {
      if (patterns.length > 0) statements.push(new PolicyStatement({ actions, resources: objects(patterns) }));
    };
    add(['s3:GetObject'], use.read);
    add(['s3:PutObject'], use.write);
    add(['s3:ListMultipartUploadParts', 's3:AbortMultipartUpload'], use.uploads);
    add(['s3:DeleteObject'], use.remove);
    if (use.write !== undefined) statements.push(...this.#encryption.leave('s3', 'write'));
    else if (use.read !== undefined) statements.push(...this.#encryption.leave('s3', 'read'));
    return { environment: { SLUICE_BUCKET: this.bucket.bucketName }, statements };
  }
}
