import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { LAMBDA_NAMES, type LambdaName, lambdaEntries } from '#lib/lambda-entries.ts';
import { synthesise } from './synthesise.ts';

/**
 * The actions that an AWS SDK operation needs. The embedded AWS asks for no permission, so nothing else here would notice
 * a missing one. HeadObject is GetObject to IAM, and all but two operations of a multipart upload are PutObject.
 */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  GetObjectCommand: ['s3:GetObject'],
  HeadObjectCommand: ['s3:GetObject'],
  PutObjectCommand: ['s3:PutObject'],
  CreateMultipartUploadCommand: ['s3:PutObject'],
  DeleteObjectCommand: ['s3:DeleteObject'],
  UploadPartCommand: ['s3:PutObject'],
  CompleteMultipartUploadCommand: ['s3:PutObject'],
  AbortMultipartUploadCommand: ['s3:AbortMultipartUpload'],
  ListPartsCommand: ['s3:ListMultipartUploadParts'],
  paginateListParts: ['s3:ListMultipartUploadParts'],
  ListObjectsV2Command: ['s3:ListBucket'],
  paginateListObjectsV2: ['s3:ListBucket'],
  // @aws-sdk/lib-storage
  Upload: ['s3:PutObject', 's3:AbortMultipartUpload'],
  SendMessageCommand: ['sqs:SendMessage'],
  SendMessageBatchCommand: ['sqs:SendMessage'],
  ReceiveMessageCommand: ['sqs:ReceiveMessage'],
  DeleteMessageCommand: ['sqs:DeleteMessage'],
  DeleteMessageBatchCommand: ['sqs:DeleteMessage'],
  ChangeMessageVisibilityCommand: ['sqs:ChangeMessageVisibility'],
  GetQueueAttributesCommand: ['sqs:GetQueueAttributes'],
  // Tasks are tagged as they start, and start with roles.
  RunTaskCommand: ['ecs:RunTask', 'ecs:TagResource', 'iam:PassRole'],
  paginateListTasks: ['ecs:ListTasks'],
  DescribeExecutionCommand: ['states:DescribeExecution'],
  InvokeCommand: ['lambda:InvokeFunction'],
};

/** Given besides what the code calls by name, and why. */
const ALWAYS = new Set([
  // Without it a missing object is 403 instead of 404.
  's3:ListBucket',
  // Goes with the right to abort, whether or not the code lists parts itself.
  's3:ListMultipartUploadParts',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
]);

/** The SDK operations in a program's own code, by their names in the bundle, which leaves out what is not used. */
function operationsIn(entry: string): string[] {
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    outdir: 'out',
  });
  const code = outputFiles.map((file) => file.text).join('\n');
  const names = code.matchAll(/\bnew (\w+?Command)\d*\(|\b(paginate\w+?(?:V2)?)\d*\(|\bnew (Upload)\d*\(/g);
  return [...new Set([...names].map(([, command, paginator, upload]) => command ?? paginator ?? upload ?? ''))].sort();
}

const GATE_FUNCTION = 'arn:aws:lambda:eu-central-1:111111111111:function:mine';
const policies = Object.values(synthesise({ 'gate.functions': [GATE_FUNCTION] }).findResources('AWS::IAM::Policy'));

/** What the policies of a role allow. */
function allowed(role: RegExp): Set<string> {
  return new Set(
    policies
      .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => role.test(Ref)))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .flatMap(({ Action }: { Action: string | string[] }) => Action),
  );
}

function needed(operations: readonly string[]): Set<string> {
  return new Set(
    operations.flatMap((operation) => {
      const actions = ACTIONS[operation];
      if (actions === undefined) throw new Error(`${operation} has no place in the table of actions yet`);
      return actions;
    }),
  );
}

const programs: [string, string, RegExp][] = [
  ...LAMBDA_NAMES.map((name): [LambdaName, string, RegExp] => [
    name,
    lambdaEntries()[name],
    new RegExp(`^Functions${name.replaceAll('-', '')}Role`),
  ]),
  ['the worker', fileURLToPath(new URL('../../worker/main.ts', import.meta.url)), /^WorkersTaskRole/],
];

describe.each(programs)('%s', (_, entry, role) => {
  const needs = needed(operationsIn(entry));
  const may = allowed(role);

  it('may do all that its code does', () => {
    expect(needs.size).toBeGreaterThan(0);
    expect([...needs].filter((action) => !may.has(action))).toEqual([]);
  });

  it('may do nothing more', () => {
    expect([...may].filter((action) => !needs.has(action) && !ALWAYS.has(action))).toEqual([]);
  });
});
