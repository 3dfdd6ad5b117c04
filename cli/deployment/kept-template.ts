import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  type Stack,
  UpdateStackCommand,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { KEPT_TEMPLATE_BUCKET, keptTemplateKey } from '#run/delivery.ts';
import { CommandError } from '../command-error.ts';

/** A stack whose template is stored, and deployed again if needed. */
export interface KeptStack {
  readonly cloudFormation: CloudFormationClient;
  readonly s3: S3Client;
  readonly stackName: string;
  readonly signal?: AbortSignal;
}

/** What happened to a stack. */
export type PutBack = 'put back' | 'nothing kept' | 'unchanged';

/** An update of a stack may replace all that is in it. */
const LONGEST_UPDATE_SECONDS = 5_400;

/**
 * Stores the template that is deployed now, to which `putBack` returns.
 *
 * @returns the place.
 * @throws CommandError if the stack has no bucket for it.
 */
export async function keepTemplate(stack: KeptStack): Promise<string> {
  const place = placeOf(await describe(stack), stack.stackName);
  await stack.s3.send(
    new PutObjectCommand({ ...place, Body: await deployedTemplate(stack), ContentType: 'application/json' }),
  );
  return `s3://${place.Bucket}/${place.Key}`;
}

/**
 * Deploys the stored template again: it updates the stack and waits for the end of the update. The stack's parameters
 * keep their values.
 *
 * @throws CommandError if CloudFormation could not do it.
 */
export async function putBack(stack: KeptStack): Promise<PutBack> {
  const { cloudFormation, s3, stackName, signal } = stack;
  const described = await describe(stack);
  const place = placeOf(described, stackName);
  const kept = await read(s3, place);
  if (kept === undefined) return 'nothing kept';
  if (kept === (await deployedTemplate(stack))) return 'unchanged';
  const { Parameters: taken = {} } = JSON.parse(kept) as { Parameters?: Record<string, unknown> };
  await cloudFormation.send(
    new UpdateStackCommand({
      StackName: stackName,
      // CloudFormation reads a template of this size only from S3, with the rights of the caller.
      TemplateURL: await urlOf(s3, place),
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
      Parameters: (described.Parameters ?? [])
        .filter(({ ParameterKey = '' }) => ParameterKey in taken)
        .map(({ ParameterKey }) => ({ ParameterKey, UsePreviousValue: true })),
    }),
  );
  try {
    await waitUntilStackUpdateComplete(
      {
        client: cloudFormation,
        maxWaitTime: LONGEST_UPDATE_SECONDS,
        minDelay: 2,
        maxDelay: 10,
        ...(signal && { abortSignal: signal }),
      },
      { StackName: stackName },
    );
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    const { StackStatus, StackStatusReason = 'its events say why' } = await describe(stack);
    throw new CommandError(
      'not-rolled-back',
      `the stack ${stackName} could not be put back: ${StackStatus}: ${StackStatusReason}`,
      { cause },
    );
  }
  return 'put back';
}

async function describe({ cloudFormation, stackName }: KeptStack): Promise<Stack> {
  const { Stacks: [stack] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
  if (stack === undefined) throw new Error(`CloudFormation described no stack ${stackName}`);
  return stack;
}

function placeOf({ Outputs = [] }: Stack, stackName: string): { Bucket: string; Key: string } {
  const bucket = Outputs.find(({ OutputKey }) => OutputKey === KEPT_TEMPLATE_BUCKET)?.OutputValue;
  if (bucket === undefined) {
    throw new CommandError(
      'no-delivery',
      `the stack ${stackName} was not deployed by a delivery: it has no output ${KEPT_TEMPLATE_BUCKET}`,
    );
  }
  return { Bucket: bucket, Key: keptTemplateKey(stackName) };
}

async function deployedTemplate({ cloudFormation, stackName }: KeptStack): Promise<string> {
  const { TemplateBody } = await cloudFormation.send(
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  if (TemplateBody === undefined) throw new Error(`CloudFormation gave no template of ${stackName}`);
  return TemplateBody;
}

async function read(s3: S3Client, place: { Bucket: string; Key: string }): Promise<string | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand(place));
    return await Body?.transformToString();
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
}

/** In the form in which the CDK names its templates to CloudFormation. Regions of China have another suffix. */
async function urlOf(s3: S3Client, { Bucket, Key }: { Bucket: string; Key: string }): Promise<string> {
  const region = await s3.config.region();
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://s3.${region}.${suffix}/${Bucket}/${encodeURIComponent(Key)}`;
}
