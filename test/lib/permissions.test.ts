import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

const template = synthesise({
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
        .filter((action) => /^s3:.*Object|^s3:.*Upload/.test(action))
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
  it('are for all resources only where AWS has nothing narrower', () => {
    const wild = statements.filter(
      ({ Resource }) => Resource === '*' || (Array.isArray(Resource) && Resource.includes('*')),
    );
    const actions = new Set(wild.flatMap(actionsOf));
    expect([...actions].filter((action) => !/^(xray|logs):/.test(action))).toEqual(['ecs:ListTasks']);
    for (const statement of wild.filter((one) => actionsOf(one).includes('ecs:ListTasks'))) {
      expect(statement.Condition).toHaveProperty('ArnEquals.ecs:cluster');
    }
    // The state machine's log delivery, which has no resource types; functions write their own group alone.
    const loggers = wild.filter((one) => actionsOf(one).some((action) => action.startsWith('logs:')));
    expect(loggers.map(({ name }) => name.replace(/[0-9A-F]{8}$/, ''))).toEqual(['RunStateMachineRoleDefaultPolicy']);
  });

  it('never name an action by a pattern, nor a managed policy', () => {
    expect(statements.flatMap(actionsOf).filter((action) => action.includes('*'))).toEqual([]);
    for (const role of Object.values(template.findResources('AWS::IAM::Role'))) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  it('pass the roles of the task to ECS and to nothing else', () => {
    const passes = statements.filter((one) => actionsOf(one).includes('iam:PassRole'));
    expect(passes).toHaveLength(2);
    for (const { Condition, Resource } of passes) {
      expect(Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
      expect([Resource].flat()).toHaveLength(2);
    }
  });

  it('run tasks of the family in the cluster alone', () => {
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
    ['reconcile', ['GetObject runs/*', 'PutObject runs/*/failures/*']],
    ['gatekeeper', ['GetObject runs/*', 'PutObject runs/*']],
    ['startworkers', ['GetObject runs/*']],
    [
      'done',
      ['AbortMultipartUpload runs/*', 'GetObject runs/*', 'ListMultipartUploadParts runs/*', 'PutObject runs/*'],
    ],
    ['plan', ['GetObject *', 'GetObject lists-of-mine/*', 'PutObject runs/*', 'PutObject slots/*']],
  ])('give %s the objects it works on', (name, leave) => {
    expect(objectLeave(name)).toEqual(leave);
  });

  it('let a missing object be told from a forbidden one, by listing', () => {
    for (const [name, list] of policies.filter(([policy]) => /^(Functions|WorkersTaskTaskRole)/.test(policy))) {
      expect(list.flatMap(actionsOf), name).toContain('s3:ListBucket');
    }
  });

  it('let the gatekeeper call the functions that the settings name, and none without', () => {
    const arn = 'arn:aws:lambda:eu-central-1:111111111111:function:mine';
    const named = JSON.stringify(synthesise({ 'gate.functions': [arn] }).findResources('AWS::IAM::Policy'));
    expect(named).toContain(`{"Action":"lambda:InvokeFunction","Effect":"Allow","Resource":"${arn}"}`);
    const callers = statements.filter((one) => actionsOf(one).includes('lambda:InvokeFunction'));
    expect(callers.map(({ name }) => name.replace(/[0-9A-F]{8}$/, ''))).toEqual(['RunStateMachineRoleDefaultPolicy']);
  });

  it('let no function delete an object', () => {
    expect(statements.flatMap(actionsOf).filter((action) => /^s3:Delete/.test(action))).toEqual([]);
  });

  it('let the state machine read plans and write what came of its Map, within runs alone', () => {
    const s3 = statements.filter(
      (one) => one.name.startsWith('RunStateMachineRole') && /"s3:/.test(JSON.stringify(one.Action)),
    );
    expect(s3.flatMap(({ Resource }) => [Resource].flat().map(keysOf)).sort()).toEqual([
      'runs/*/map/*',
      'runs/*/plan.jsonl',
    ]);
  });
});
