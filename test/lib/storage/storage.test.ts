import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesise } from '../synthesise.ts';

describe('the bucket', () => {
  const template = synthesise({ 'run.keepDays': 30, 'bucket.oldVersionDays': 3, 'bucket.incompleteUploadDays': 2 });

  it('the bucket is versioned, encrypted and closed to the public', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
  });

  it('the bucket refuses requests without TLS', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  it('the bucket expires old versions, incomplete uploads and old runs, and nothing else', () => {
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
    expect(bucket?.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'incomplete-uploads',
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
      },
      {
        Id: 'old-versions',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 3 },
        ExpiredObjectDeleteMarker: true,
      },
      { Id: 'old-runs', Status: 'Enabled', Prefix: 'runs/', ExpirationInDays: 30 },
    ]);
  });

  it('the bucket outlives the stack, but not a first deploy that fails', () => {
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    template.resourceCountIs('Custom::S3AutoDeleteObjects', 0);
  });

  it('the bucket is deleted with the stack, with its content, only if a setting says so', () => {
    const deleting = synthesise({ 'bucket.deleteWithStack': true });
    deleting.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    deleting.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  });
});
