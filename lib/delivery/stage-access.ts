import { ArnFormat, Aws, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IPrincipal, Policy, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { KEPT_TEMPLATE_BUCKET, keptTemplateKey, SMOKE_RUN } from '#run/delivery.ts';
import type { SluicePipeline } from '../sluice-pipeline.ts';

/** The roles of a stage, by their purpose. */
export type StageRole = 'smoke' | 'rollback';

const SMOKE_RUNS = `${SMOKE_RUN}-*`;
/** How long templates of earlier deploys are kept. */
const KEPT_DAYS = 90;

/**
 * Returns the ARN of a stage's role, which other resources name before the role exists. Roles exist in all regions, so
 * the name contains the region.
 */
export function stageRoleArn(
  role: StageRole,
  { account, region, stackName }: { account: string; region: string; stackName: string },
): string {
  return `arn:${Aws.PARTITION}:iam::${account}:role/${stageRoleName(role, { region, stackName })}`;
}

function stageRoleName(role: StageRole, { region, stackName }: { region: string; stackName: string }): string {
  return `${stackName}-${role}-${region}`;
}

export interface StageAccessProps {
  readonly pipeline: SluicePipeline;
  /** The principals that may assume the two roles. */
  readonly trusts: IPrincipal;
}

/**
 * What the delivery may do in a stage after the deploy. There are two roles, so that the one that runs the state
 * machine can't change the stack, and a bucket for the last template whose run was complete.
 *
 * They belong to the app's stack: a role of the delivery can't do anything to another stack.
 */
export class StageAccess extends Construct {
  constructor(scope: Construct, id: string, { pipeline, trusts }: StageAccessProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const role = (name: StageRole, description: string, statements: PolicyStatement[]) => {
      const one = new Role(this, name, {
        roleName: stageRoleName(name, stack),
        description,
        assumedBy: trusts,
      });
      new Policy(this, `${name}-may`, { roles: [one], statements });
    };
    const describe = new PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [stackArn(stack)] });

    const { stateMachine } = pipeline;
    role('smoke', 'Starts a run after a deploy, follows it and reads its records', [
      describe,
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachine.stateMachineArn] }),
      new PolicyStatement({
        // StopExecution is for a run that takes longer than delivery.smokeMinutes.
        actions: ['states:DescribeExecution', 'states:GetExecutionHistory', 'states:StopExecution'],
        resources: [executionsOf(stateMachine, stack, SMOKE_RUNS)],
      }),
      ...pipeline.permissionToReadRuns(SMOKE_RUNS),
    ]);

    const templates = new Bucket(this, 'Templates', {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // It outlives the stack, but not a first deploy that failed, because it is empty then.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      lifecycleRules: [{ id: 'earlier-templates', noncurrentVersionExpiration: Duration.days(KEPT_DAYS) }],
    });
    role(
      'rollback',
      'Stores the template of a deploy whose run was complete, and deploys it again if a later run was not',
      [
        describe,
        // CloudFormation continues with the role that the deploy has given to the stack, so no role is passed here.
        new PolicyStatement({
          actions: ['cloudformation:GetTemplate', 'cloudformation:UpdateStack', 'cloudformation:DescribeStackEvents'],
          resources: [stackArn(stack)],
        }),
        new PolicyStatement({ actions: ['s3:ListBucket'], resources: [templates.bucketArn] }),
        new PolicyStatement({
          actions: ['s3:GetObject', 's3:PutObject'],
          resources: [templates.arnForObjects(keptTemplateKey(stack.stackName))],
        }),
      ],
    );
    new CfnOutput(this, KEPT_TEMPLATE_BUCKET, { value: templates.bucketName }).overrideLogicalId(KEPT_TEMPLATE_BUCKET);
  }
}

function stackArn(stack: Stack): string {
  return stack.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${stack.stackName}/*` });
}

function executionsOf({ stateMachineArn }: IStateMachine, stack: Stack, runs: string): string {
  const { resourceName } = stack.splitArn(stateMachineArn, ArnFormat.COLON_RESOURCE_NAME);
  return stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${resourceName}:${runs}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
