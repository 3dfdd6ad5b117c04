import { CfnResource, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { stackWith } from './synthesise.ts';

/** A finding that is accepted: its rule, its constructs, and the reason. */
interface Acknowledgement {
  readonly rule: RegExp;
  readonly at: RegExp;
  readonly reason: string;
}

const FUNCTION_ROLES = /^Sluice\/Default\/Functions\/[\w-]+\/Role\/DefaultPolicy\/Resource$/;
const STATE_MACHINE_ROLE = /^Sluice\/Default\/(Run|Closing)\/StateMachineRole\/DefaultPolicy\/Resource$/;
const LANDING =
  /^Sluice\/Default\/(Functions\/(plan|open|slice|close|abandon|close-run|reconcile)\/Role|Workers\/TaskRole)\//;

const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rule: /^AwsSolutions-S1$/,
    at: /\/Storage\/Bucket\/Resource$/,
    reason: 'Access logs need a second bucket and cost a record a request; who wants them uses CloudTrail data events',
  },
  {
    rule: /^AwsSolutions-VPC7$/,
    at: /\/Network\/Vpc\/Resource$/,
    reason: 'Flow logs cost by the gigabyte, and are on by network.flowLogs',
  },
  {
    rule: /^AwsSolutions-ECS4$/,
    at: /\/Workers\/Cluster\/Resource$/,
    reason: 'Container Insights costs custom metrics; a run measures itself and says so in its manifest',
  },
  {
    rule: /^AwsSolutions-ECS2$/,
    at: /\/Workers\/Task\/Resource$/,
    reason: 'The variables hold names, numbers and the hash of the bundle, no secrets',
  },
  {
    rule: /^AwsSolutions-SF1$/,
    at: /\/(Run|Closing)\/StateMachine\/Resource$/,
    reason: 'Errors are logged; all events by logs.stateMachineLevel, at a price per state of a million items',
  },
  {
    rule: /^AwsSolutions-SQS3$/,
    at: /\/Undelivered\/Resource$/,
    reason: 'It is a dead-letter queue: of the rules and schedules, which the check does not look at',
  },
  {
    rule: /^Serverless-SQSRedrivePolicy$/,
    at: /\/(Work\/DeadLetters|Undelivered)\/Resource$/,
    reason: 'They are dead-letter queues',
  },
  {
    rule: /^Serverless-SNSRedrivePolicy$/,
    at: /^Sluice\/Default\/Alerts\/Topic\/Topic\/on-call@example\.org\/Resource$/,
    reason:
      'A mail that its server refuses is read by nobody in a queue either; what it told stands in alarms and manifests',
  },
  {
    rule: /^Serverless-LambdaDLQ$/,
    at: /^Sluice\/Default\/Functions\/[\w-]+\/Function\/Resource$/,
    reason:
      'Step Functions calls them synchronously and keeps the error itself; reopen-run, which a rule calls, has a destination for what it fails on',
  },
  {
    rule: /^Serverless-Lambda(DLQ|Tracing)$/,
    at: /^Sluice\/AWS679f53fac002430cb0da5b7982bd2287\/Resource$/,
    reason: "CDK's function for one call of AWS: CloudFormation calls it while it deploys, and keeps its error",
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: FUNCTION_ROLES,
    reason: 'X-Ray has no resources, and ecs:ListTasks by family takes the cluster as a condition only',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: STATE_MACHINE_ROLE,
    reason: 'X-Ray, and the log delivery of a state machine, have no resources',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::<StorageBucket\w+\.Arn>\/\*\]$/,
    at: LANDING,
    reason: 'Objects land at whatever keys the input names',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::<StorageBucket\w+\.Arn>\/(runs|slots)\/\S+\]$/,
    at: FUNCTION_ROLES,
    reason: 'A role is for all runs, whose ids come later',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::<StorageBucket\w+\.Arn>\/tables\/\*\]$/,
    at: /\/Workers\/TaskRole\//,
    reason: 'Workers replace what they have published there, at names that the input gives',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::<StorageBucket\w+\.Arn>\/runs\/\*\/plan\.jsonl\]$/,
    at: STATE_MACHINE_ROLE,
    reason: 'A role is for all runs, whose ids come later',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::lists-of-mine\/\*\]$/,
    at: /\/plan\/Role\//,
    reason: 'ingest.listBuckets names the bucket; which list, the input says',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::arn:.*:ecs:.*:(task-definition\/Sluice-worker:\*|task\/<WorkersCluster\w+>\/\*)\]$/,
    at: /\/(start-workers|gatekeeper)\/Role\//,
    reason: "Tasks are started by family, whatever its revision, and a task's id comes as it starts",
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::<Functions\w+Function\w+\.Arn>:\*\]$/,
    at: STATE_MACHINE_ROLE,
    reason: 'Versions of the very function: an execution calls those of the deploy that it began with',
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::arn:.*:states:.*:execution:.*\]$/,
    at: /\/Run\/(StateMachine\/DistributedMapPolicy|[\w-]+-asks)\/Resource$/,
    reason: 'Executions of this state machine, whose names come later',
  },
];

/** Everything that a setting adds is there, so that it is looked at. */
const stack = stackWith({
  'alerts.email': 'on-call@example.org',
  'metrics.dashboard': true,
  schedules: [{ name: 'nightly', expression: 'rate(1 day)' }],
  'ingest.listBuckets': ['lists-of-mine'],
});

function findingsOf(pack: NagPack, of: Stack): { rule: string; at: string }[] {
  return pack
    .validateScope(of)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map((resource) => ({ rule: ruleName, at: String(Reflect.get(resource, 'constructPath')) })),
    );
}

const matches = (finding: { rule: string; at: string }) => (one: Acknowledgement) =>
  one.rule.test(finding.rule) && one.at.test(finding.at);

describe("AWS's own rules", () => {
  const findings = [new AwsSolutionsChecks(), new ServerlessChecks()].flatMap((pack) => findingsOf(pack, stack));

  it("AWS's own rules report only findings that are acknowledged with a reason", () => {
    expect(findings.filter((finding) => !ACKNOWLEDGED.some(matches(finding)))).toEqual([]);
  });

  it("AWS's own rules report every acknowledged finding, so that no acknowledgement hides a later one", () => {
    const stale = ACKNOWLEDGED.filter((one) => !findings.some((finding) => matches(finding)(one)));
    expect(stale).toEqual([]);
  });

  it("AWS's own rules have checked every resource of the template", () => {
    const looked = stack.node.findAll().filter((one) => CfnResource.isCfnResource(one));
    const { Resources } = Template.fromStack(stack).toJSON();
    expect(looked).toHaveLength(Object.keys(Resources).length);
    expect(looked.length).toBeGreaterThanOrEqual(70);
  });

  it("AWS's own rules report fewer findings if the settings are stricter", () => {
    const strict = stackWith({ 'network.flowLogs': true, 'logs.stateMachineLevel': 'ALL', 'encryption.key': 'own' });
    const rules = findingsOf(new AwsSolutionsChecks(), strict).map(({ rule }) => rule);
    expect(rules.filter((rule) => !rule.startsWith('AwsSolutions-IAM5')).sort()).toEqual([
      'AwsSolutions-ECS2',
      'AwsSolutions-ECS4',
      'AwsSolutions-S1',
      'AwsSolutions-SQS3',
    ]);
  });
});
