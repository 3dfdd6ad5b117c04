import { describe, expect, it } from 'vitest';
import { synthesise } from '../synthesise.ts';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

interface Trust {
  readonly Principal: { readonly Service?: string };
  readonly Condition?: Readonly<Record<string, unknown>>;
}

/** Actions for which AWS has no resource to name, and where that is said. */
const NO_NARROWER: Readonly<Record<string, string>> = {
  'xray:PutTraceSegments': 'X-Ray has no resource for segments',
  'xray:PutTelemetryRecords': 'nor for telemetry',
  'xray:GetSamplingRules': 'nor for a service that samples',
  'xray:GetSamplingTargets': 'nor for its targets',
  'ecs:ListTasks': 'by family it has no resource; the cluster is a condition',
  'logs:CreateLogDelivery': 'log delivery has no resources; only the state machine, whose logs are delivered, needs it',
  'logs:GetLogDelivery': 'the same',
  'logs:UpdateLogDelivery': 'the same',
  'logs:DeleteLogDelivery': 'the same',
  'logs:ListLogDeliveries': 'the same',
  'logs:PutResourcePolicy': 'the same',
  'logs:DescribeResourcePolicies': 'the same',
  'logs:DescribeLogGroups': 'the same',
};

const template = synthesise({
  'network.flowLogs': true,
  'alerts.email': 'on-call@example.org',
  schedules: [{ name: 'nightly', expression: 'rate(1 day)' }],
  'ingest.listBuckets': ['lists-of-mine'],
});

const policies: [string, Statement[]][] = Object.entries(template.findResources('AWS::IAM::Policy')).map(
  ([name, policy]) => [name, policy.Properties.PolicyDocument.Statement],
);
const statements = policies.flatMap(([name, list]) => list.map((statement) => ({ name, ...statement })));
const actionsOf = ({ Action }: Statement) => [Action].flat();

/** What the policies of one function let it do to objects: `PutObject runs/*`. */
function objectLeave(name: string): string[] {
  return statements
    .filter((statement) => statement.name.startsWith(`Functions${name}Role`))
    .flatMap((statement) =>
      actionsOf(statement)
        .filter((action) => /^s3:.*Object|^s3:(?!ListBucket).*Upload/.test(action))
        .flatMap((action) => [statement.Resource].flat().map((resource) => `${action.slice(3)} ${keysOf(resource)}`)),
    )
    .sort();
}

/** The key pattern of an object ARN; other buckets' whole. */
function keysOf(resource: unknown): string {
  const parts = (resource as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1];
  const last = String(parts.at(-1));
  return last.startsWith('/') ? last.slice(1) : last.replace(/^:s3:::/, '');
}

describe('permissions', () => {
  it('permissions are for all resources only if AWS has nothing narrower', () => {
    const wild = statements.filter(({ Resource }) => [Resource].flat().includes('*'));
    const unexplained = wild.flatMap((statement) => actionsOf(statement).filter((action) => !(action in NO_NARROWER)));
    expect(unexplained).toEqual([]);
    // No reason is left over from a removed statement.
    expect(Object.keys(NO_NARROWER).filter((action) => !wild.flatMap(actionsOf).includes(action))).toEqual([]);
    for (const statement of wild.filter((one) => actionsOf(one).includes('ecs:ListTasks'))) {
      expect(statement.Condition).toHaveProperty('ArnEquals.ecs:cluster');
    }
    const loggers = wild.filter((one) => actionsOf(one).some((action) => action.startsWith('logs:')));
    expect(loggers.map(({ name }) => name.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'ClosingStateMachineRoleDefaultPolicy',
      'RunStateMachineRoleDefaultPolicy',
    ]);
  });

  it('services get permissions only on behalf of this account', () => {
    const roles = Object.entries(template.findResources('AWS::IAM::Role')).flatMap(([name, role]) =>
      (role.Properties.AssumeRolePolicyDocument.Statement as Trust[]).map((trust) => ({ name, ...trust })),
    );
    expect(roles.length).toBeGreaterThan(12);
    for (const { name, Principal, Condition } of roles) {
      const account = { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } };
      if (Principal.Service === 'lambda.amazonaws.com') {
        // AWS doesn't say that Lambda sends the account, so a missing one must pass.
        expect(Condition, name).toEqual({ StringEqualsIfExists: account });
        continue;
      }
      expect(Condition, name).toHaveProperty('StringEquals', account);
      expect(JSON.stringify(Condition), name).toMatch(/"Arn(Like|Equals)":\{"aws:SourceArn"/);
    }
    expect(new Set(roles.map(({ Principal }) => Principal.Service))).toEqual(
      new Set([
        'lambda.amazonaws.com',
        'ecs-tasks.amazonaws.com',
        'states.amazonaws.com',
        'scheduler.amazonaws.com',
        'events.amazonaws.com',
        'vpc-flow-logs.amazonaws.com',
      ]),
    );
    for (const permission of Object.values(template.findResources('AWS::Lambda::Permission'))) {
      expect(permission.Properties).toHaveProperty('SourceArn');
    }
    const toQueues = Object.values(template.findResources('AWS::SQS::QueuePolicy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Trust[])
      .filter(({ Principal }) => Principal.Service !== undefined);
    expect(toQueues.length).toBeGreaterThan(0);
    for (const { Condition } of toQueues) expect(JSON.stringify(Condition)).toContain('"aws:SourceArn"');
  });

  it('each permission of a service has a condition that names this account, anywhere in the template', () => {
    const all = synthesise({
      'network.flowLogs': true,
      'alerts.email': 'on-call@example.org',
      'encryption.key': 'own',
      schedules: [{ name: 'nightly', expression: 'rate(1 day)' }],
    });
    const found: Trust[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const { Principal } = value as { Principal?: { Service?: unknown } };
      if (typeof Principal === 'object' && Principal.Service !== undefined) found.push(value as Trust);
      for (const inner of Object.values(value)) walk(inner);
    };
    walk(all.toJSON().Resources);
    // Roles, the policies of queues, and those of the key.
    expect(found.length).toBeGreaterThan(18);
    for (const trust of found) {
      expect(JSON.stringify(trust.Condition), JSON.stringify(trust)).toMatch(
        /"(aws:SourceAccount|aws:SourceArn|kms:EncryptionContext:aws:logs:arn)":/,
      );
    }
    // Leave to call a function is a resource of its own kind.
    for (const permission of Object.values(all.findResources('AWS::Lambda::Permission'))) {
      expect(permission.Properties).toHaveProperty('SourceArn');
    }
  });

  it('permissions never use a pattern for an action, nor a managed policy', () => {
    expect(statements.flatMap(actionsOf).filter((action) => action.includes('*'))).toEqual([]);
    for (const role of Object.values(template.findResources('AWS::IAM::Role'))) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  it('the roles of the task may be passed to ECS and to nothing else', () => {
    const passes = statements.filter((one) => actionsOf(one).includes('iam:PassRole'));
    expect(passes).toHaveLength(2);
    for (const { Condition, Resource } of passes) {
      expect(Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
      expect([Resource].flat()).toHaveLength(2);
    }
  });

  it('tasks of the family may run only in the cluster', () => {
    const runs = statements.filter((one) => actionsOf(one).includes('ecs:RunTask'));
    expect(runs).toHaveLength(2);
    for (const { Condition, Resource } of runs) {
      expect(Condition).toHaveProperty('ArnEquals.ecs:cluster');
      expect(JSON.stringify(Resource)).toMatch(/:task-definition\/Sluice-worker:\*"/);
    }
  });

  it.each([
    ['slice', ['AbortMultipartUpload *', 'GetObject runs/*', 'ListMultipartUploadParts *', 'PutObject *']],
    ['abandon', ['AbortMultipartUpload *', 'GetObject runs/*', 'ListMultipartUploadParts *', 'PutObject runs/*']],
    [
      'reconcile',
      ['AbortMultipartUpload *', 'GetObject runs/*', 'ListMultipartUploadParts *', 'PutObject runs/*/failures/*'],
    ],
    ['gatekeeper', ['GetObject runs/*', 'PutObject runs/*']],
    ['startworkers', ['GetObject runs/*']],
    [
      'done',
      [
        'AbortMultipartUpload runs/*',
        'DeleteObject runs/*/closed.json',
        'DeleteObject runs/*/manifest.json',
        'GetObject runs/*',
        'ListMultipartUploadParts runs/*',
        'PutObject runs/*',
      ],
    ],
    [
      'listitems',
      ['AbortMultipartUpload runs/*', 'GetObject runs/*', 'ListMultipartUploadParts runs/*', 'PutObject runs/*'],
    ],
    ['sweep', ['GetObject runs/*']],
    ['plan', ['GetObject *', 'GetObject lists-of-mine/*', 'PutObject runs/*', 'PutObject slots/*']],
  ])('%s may use exactly the objects that it works on', (name, leave) => {
    expect(objectLeave(name)).toEqual(leave);
  });

  it('every function may list, so that a missing object is distinguished from a forbidden one', () => {
    // AtDeploy reads no object.
    for (const [name, list] of policies.filter(([policy]) => /^(Functions(?!atdeploy)|WorkersTaskRole)/.test(policy))) {
      expect(list.flatMap(actionsOf), name).toContain('s3:ListBucket');
    }
  });

  it('the gatekeeper may call the functions that the settings name, and none without them', () => {
    const arn = 'arn:aws:lambda:eu-central-1:111111111111:function:mine';
    const named = JSON.stringify(synthesise({ 'gate.functions': [arn] }).findResources('AWS::IAM::Policy'));
    expect(named).toContain(`{"Action":"lambda:InvokeFunction","Effect":"Allow","Resource":"${arn}"}`);
    const callers = statements.filter((one) => actionsOf(one).includes('lambda:InvokeFunction'));
    expect(callers.map(({ name }) => name.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'ClosingStateMachineRoleDefaultPolicy',
      'RunStateMachineRoleDefaultPolicy',
    ]);
  });

  it("AtDeploy may read and create ECS's service-linked role, and no other", () => {
    const iam = statements.filter((one) => actionsOf(one).some((action) => /^iam:(?!PassRole)/.test(action)));
    expect(iam.map(({ name }) => name.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'FunctionsatdeployRoleDefaultPolicy',
      'FunctionsatdeployRoleDefaultPolicy',
    ]);
    expect(iam.map(({ Action, Condition }) => [Action, Condition])).toEqual([
      ['iam:GetRole', undefined],
      ['iam:CreateServiceLinkedRole', { StringEquals: { 'iam:AWSServiceName': 'ecs.amazonaws.com' } }],
    ]);
    for (const { Resource } of iam) {
      for (const role of [Resource].flat()) {
        expect(JSON.stringify(role)).toMatch(
          /:role\/(aws-service-role\/ecs\.amazonaws\.com\/)?AWSServiceRoleForECS"\]\]\}$/,
        );
      }
    }
  });

  it('only the undoing of an end, and workers for what they have published, may delete an object', () => {
    const deleting = statements
      .filter((one) => actionsOf(one).some((action) => /^s3:Delete/.test(action)))
      .map(({ name, Resource }) => [
        name.replace(/^Functions(?=[a-z])|Role.*$/g, ''),
        [Resource].flat().map(keysOf).join(' '),
      ]);
    const endsThatAreNone = 'runs/*/closed.json runs/*/manifest.json';
    expect(Object.fromEntries(deleting)).toEqual({
      broken: endsThatAreNone,
      closerun: endsThatAreNone,
      done: endsThatAreNone,
      reopenrun: endsThatAreNone,
      WorkersTask: 'tables/*',
    });
    expect(deleting).toHaveLength(5);
  });

  it('the state machine may read plans, and no other object', () => {
    const s3 = statements.filter(
      (one) => one.name.startsWith('RunStateMachineRole') && /"s3:/.test(JSON.stringify(one.Action)),
    );
    expect(s3.flatMap(({ Resource }) => [Resource].flat().map(keysOf)).sort()).toEqual(['runs/*/plan.jsonl']);
  });
});
