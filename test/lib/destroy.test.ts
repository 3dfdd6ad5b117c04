import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

/** With everything that settings can add. */
const EVERYTHING = {
  'encryption.key': 'own',
  'alerts.email': 'on-call@example.org',
  'metrics.dashboard': true,
  'network.flowLogs': true,
  'redshift.workgroup':
    'arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/4a1b2c3d-0000-1111-2222-333344445555',
  'redshift.copyRole': 'arn:aws:iam::111122223333:role/copy',
  schedules: [{ name: 'nightly', expression: 'rate(1 day)', timeZone: 'UTC', input: { sources: [] } }],
};

const DATA = ['AWS::S3::Bucket', 'AWS::KMS::Key'];

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties: Record<string, unknown>;
}

const resourcesWith = (settings: Record<string, unknown>) =>
  Object.values(synthesise(settings).toJSON().Resources as Record<string, Resource>);

describe('cdk destroy', () => {
  it('cdk destroy removes everything that settings can add, and leaves the bucket and the key', () => {
    const resources = resourcesWith(EVERYTHING);
    expect(resources.length).toBeGreaterThan(140);
    const left = resources.filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete');
    // The versions of a function go with the function.
    expect(new Set(left.map(({ Type }) => Type))).toEqual(new Set([...DATA, 'AWS::Lambda::Version']));
  });

  it('cdk destroy leaves no log group of a function: each function writes to one of the stack, and may create no other', () => {
    const resources = resourcesWith({ ...EVERYTHING, 'bucket.deleteWithStack': true });
    const functions = resources.filter(({ Type }) => Type === 'AWS::Lambda::Function');
    expect(functions.length).toBeGreaterThan(18);
    expect(functions.filter(({ Properties }) => Properties.LoggingConfig === undefined)).toEqual([]);
    const allowed = JSON.stringify(resources.filter(({ Type }) => /^AWS::IAM::(Role|Policy)$/.test(Type)));
    expect(allowed).not.toMatch(/logs:CreateLogGroup|AWSLambdaBasicExecutionRole/);
  });
});
