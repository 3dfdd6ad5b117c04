import { describe, expect, it } from 'vitest';
import { codeOf, leaveOf, PROGRAMS } from '../programs.ts';

/**
 * The actions that an AWS SDK operation needs. A run on the embedded AWS is refused a missing one, but only where the
 * run comes by. HeadObject is GetObject to IAM, and all but two operations of a multipart upload are PutObject.
 */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  GetObjectCommand: ['s3:GetObject'],
  HeadObjectCommand: ['s3:GetObject'],
  PutObjectCommand: ['s3:PutObject'],
  // Reads one object and writes another. Tags would need more; outputs have none.
  CopyObjectCommand: ['s3:GetObject', 's3:PutObject'],
  CreateMultipartUploadCommand: ['s3:PutObject'],
  DeleteObjectCommand: ['s3:DeleteObject'],
  UploadPartCommand: ['s3:PutObject'],
  CompleteMultipartUploadCommand: ['s3:PutObject'],
  AbortMultipartUploadCommand: ['s3:AbortMultipartUpload'],
  ListPartsCommand: ['s3:ListMultipartUploadParts'],
  ListMultipartUploadsCommand: ['s3:ListBucketMultipartUploads'],
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
  DescribeTasksCommand: ['ecs:DescribeTasks'],
  StopTaskCommand: ['ecs:StopTask'],
  RunTaskCommand: ['ecs:RunTask', 'ecs:TagResource', 'iam:PassRole'],
  paginateListTasks: ['ecs:ListTasks'],
  GetRoleCommand: ['iam:GetRole'],
  CreateServiceLinkedRoleCommand: ['iam:CreateServiceLinkedRole'],
  DescribeExecutionCommand: ['states:DescribeExecution'],
  ListExecutionsCommand: ['states:ListExecutions'],
  paginateListExecutions: ['states:ListExecutions'],
  StartExecutionCommand: ['states:StartExecution'],
  InvokeCommand: ['lambda:InvokeFunction'],
  GetSecretValueCommand: ['secretsmanager:GetSecretValue'],
  GetParameterCommand: ['ssm:GetParameter'],
  PutEventsCommand: ['events:PutEvents'],
  // The Data API takes credentials of the workgroup in the caller's name.
  BatchExecuteStatementCommand: ['redshift-data:BatchExecuteStatement', 'redshift-serverless:GetCredentials'],
  DescribeStatementCommand: ['redshift-data:DescribeStatement'],
  GetStatementResultCommand: ['redshift-data:GetStatementResult'],
  paginateGetStatementResult: ['redshift-data:GetStatementResult'],
  CancelStatementCommand: ['redshift-data:CancelStatement'],
};

/** Grants besides those for calls in the code, and why. */
const ALWAYS = new Set([
  // Without it a missing object is 403 instead of 404.
  's3:ListBucket',
  // Go with the right to abort, whether or not the code lists parts and uploads itself.
  's3:ListMultipartUploadParts',
  's3:ListBucketMultipartUploads',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
]);

/** The SDK operations in a program's own code, by their names. */
function operationsIn(code: string): string[] {
  const names = code.matchAll(/\bnew (\w+?Command)\d*\(|\b(paginate\w+?(?:V2)?)\d*\(|\bnew (Upload)\d*\(/g);
  return [...new Set([...names].map(([, command, paginator, upload]) => command ?? paginator ?? upload ?? ''))].sort();
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

/** Lambda itself uses these in a function's name; no line of the code does. */
const BY_LAMBDA: Readonly<Record<string, readonly string[]>> = {
  // What it fails on goes to the queue of the undelivered.
  'reopen-run': ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
};

describe.each(PROGRAMS)('$name', (program) => {
  const needs = needed(operationsIn(codeOf(program)));
  const may = new Set(leaveOf(program).flatMap(({ Action }) => Action));

  it('each function may do all that its code does', () => {
    expect(needs.size).toBeGreaterThan(0);
    expect([...needs].filter((action) => !may.has(action))).toEqual([]);
  });

  it('each function may do nothing more than its code does', () => {
    const byLambda = BY_LAMBDA[program.name] ?? [];
    const unexplained = [...may].filter((action) => !needs.has(action) && !ALWAYS.has(action));
    expect(unexplained.filter((action) => !byLambda.includes(action))).toEqual([]);
  });
});
