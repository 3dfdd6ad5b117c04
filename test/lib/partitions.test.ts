import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

/** All that a setting adds is there. */
const EVERYTHING = {
  'encryption.key': 'own',
  'network.flowLogs': true,
  'ingest.listBuckets': ['lists-of-mine'],
  'sources.credentials': [{ secret: 'vendor/*', hosts: ['api.example.org'] }],
  schedules: [{ name: 'nightly', expression: 'rate(1 day)' }],
};

/**
 * Of AWS's documentation: service principals have the global suffix in every partition; CloudWatch Logs' has the
 * region's.
 */
const GLOBAL = ['cloudwatch', 'ecs-tasks', 'events', 'lambda', 'scheduler', 'states', 'vpc-flow-logs'].map(
  (service) => `${service}.amazonaws.com`,
);

describe.each([
  { region: 'us-east-1', partition: 'aws', suffix: 'amazonaws.com' },
  { region: 'cn-north-1', partition: 'aws-cn', suffix: 'amazonaws.com.cn' },
  { region: 'us-gov-west-1', partition: 'aws-us-gov', suffix: 'amazonaws.com' },
])('a deployment in $region', ({ region, partition, suffix }) => {
  /** What CloudFormation fills in by itself is as it fills it in there. */
  const template = JSON.parse(
    JSON.stringify(synthesise(EVERYTHING, { env: { region } }).toJSON().Resources)
      .replaceAll('{"Ref":"AWS::URLSuffix"}', JSON.stringify(suffix))
      .replaceAll('{"Ref":"AWS::Partition"}', JSON.stringify(partition)),
    (_, value) => {
      const parts = value?.['Fn::Join']?.[1] as unknown[] | undefined;
      return parts?.every((part) => typeof part === 'string') ? parts.join('') : value;
    },
  ) as Record<string, unknown>;
  const text = JSON.stringify(template);

  it('a deployment in this region names ARNs only of its own partition', () => {
    const partitions = new Set([...text.matchAll(/"arn:([\w-]+):/g)].map(([, found]) => found));
    expect(partitions).toEqual(new Set([partition]));
  });

  it('a deployment in this region trusts the services under their names there', () => {
    const services = [...text.matchAll(/"Service":(?:"([^"]+)"|\[([^\]]+)\])/g)].flatMap(([, one, more]) =>
      one === undefined ? (JSON.parse(`[${more}]`) as string[]) : [one],
    );
    expect([...new Set(services)].sort()).toEqual([...GLOBAL, `logs.${region}.${suffix}`].sort());
  });

  it('a deployment in this region lets its roles use the key through the endpoints of S3 and SQS there', () => {
    const endpoints = new Set([...text.matchAll(/"kms:ViaService":"([^"]+)"/g)].map(([, endpoint]) => endpoint));
    expect(endpoints).toEqual(new Set([`s3.${region}.${suffix}`, `sqs.${region}.${suffix}`]));
  });

  it('a deployment in this region names no host of another partition', () => {
    const hosts = new Set([...text.matchAll(/[\w.-]+\.amazonaws\.com(?:\.cn)?/g)].map(([host]) => host));
    const regional = [...hosts].filter((host) => host.includes(region));
    expect(regional.every((host) => host.endsWith(`.${region}.${suffix}`))).toBe(true);
    // What else there is are principals, and the service whose service-linked role is made.
    const others = [...hosts].filter((host) => !regional.includes(host) && !GLOBAL.includes(host));
    expect(others).toEqual(['ecs.amazonaws.com']);
  });
});
