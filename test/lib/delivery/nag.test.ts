import { App, Stack } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, it } from 'vitest';
import { addDelivery } from '#lib/delivery/delivery.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { cdkContext, programs } from '../synthesise.ts';
import { CONNECTION } from './deliver.ts';

/** A finding that is as it should be: of which rule, at which constructs, and why. */
interface Acknowledgement {
  readonly rule: RegExp;
  readonly at: RegExp;
  readonly reason: string;
}

const IN_PIPELINE = /^SluiceDelivery\/(Pipeline\/|(staging|production)-smoke-role\/)/;
const IN_STAGE = /^SluiceDelivery\/(staging\/Staging|production\/Sluice)\/Delivery\/(smoke|rollback)-may\/Resource$/;

const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rule: /^AwsSolutions-S1$/,
    at: /\/(Artifacts|Delivery\/Templates)\/Resource$/,
    reason: 'Access logs need one more bucket; CodePipeline and CloudTrail record who deployed what',
  },
  {
    rule: /^AwsSolutions-IAM5\[(Action::(s3|kms):\w+\*|Resource::<Artifacts\w+\.Arn>\/\*)\]$/,
    at: IN_PIPELINE,
    reason: "CDK's grants on the bucket of artifacts and its key: objects get their names as the pipeline runs",
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::arn:aws:(logs|codebuild):.*(report-group|log-group):?\/.*\*\]$/,
    at: IN_PIPELINE,
    reason: "CDK's grants for the logs and reports of the project itself",
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::(\*|arn:\*:iam::111111111111:role\/\*)\]$/,
    at: /\/Pipeline\/(UpdatePipeline\/SelfMutation\/Role|Assets\/FileRole)\//,
    reason:
      "CDK's own: the update takes on roles with the tag of the bootstrap alone, and asks which stacks there are; the assets' role serves builds whose projects it can't name",
  },
  {
    rule: /^AwsSolutions-IAM5\[Resource::(arn:aws:cloudformation:.*:stack\/(Staging|Sluice)\/\*|arn:aws:states:.*:smoke-\*|<StorageBucket\w+\.Arn>\/runs\/smoke-\*)\]$/,
    at: IN_STAGE,
    reason: "The stack's id, and the names of runs, come later",
  },
];

it("AWS's own rules report in a delivery exactly the findings that are acknowledged with a reason", () => {
  const { delivery, ...settings } = readSettings({
    sluice: {
      delivery: {
        source: 'connection',
        connectionArn: CONNECTION,
        repository: 'acme/sluice',
        email: 'team@example.org',
        account: '111111111111',
        region: 'eu-central-1',
        stages: [
          { name: 'staging', settings: { stackName: 'Staging' } },
          { name: 'production', account: '222222222222', approval: true },
        ],
      },
    },
  });
  if (delivery === undefined) throw new Error('the settings lost the delivery');
  const app = new App({ context: cdkContext });
  addDelivery(app, settings, delivery, programs);
  const findings = app.node
    .findAll()
    .filter((one) => Stack.isStack(one))
    .flatMap((stack) => new AwsSolutionsChecks().validateScope(stack).violations)
    .flatMap(({ ruleName: rule, violatingResources }) =>
      violatingResources.map((resource) => ({ rule, at: String(Reflect.get(resource, 'constructPath')) })),
    )
    // What the app itself is made of is another test's (test/lib/nag.test.ts).
    .filter(({ at }) => !at.includes('/Default/'));
  const matches = (one: Acknowledgement) => (finding: { rule: string; at: string }) =>
    one.rule.test(finding.rule) && one.at.test(finding.at);
  expect(findings.filter((finding) => !ACKNOWLEDGED.some((one) => matches(one)(finding)))).toEqual([]);
  expect(ACKNOWLEDGED.filter((one) => !findings.some(matches(one)))).toEqual([]);
});
