import { readFileSync } from 'node:fs';
import aslValidator from 'asl-validator';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DefinitionBody, JsonPath, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { CallAwsService } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { describe, expect, it } from 'vitest';
import { GatekeeperLoop } from '#stepfunctions/gatekeeper-loop.ts';
import { definitionOf, definitionWith, synthesise } from '#test/lib/synthesise.ts';
import { WaitForExport } from './gatekeeper-loop-example.ts';

const NOT_READY = { ErrorEquals: ['NotReadyError'] };

function functionIn(stack: Stack): LambdaFunction {
  return new LambdaFunction(stack, 'Function', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
  });
}

describe('the gatekeeper of the pipeline', () => {
  const { GatekeeperState, ForceGatekeeperState } = definitionOf(synthesise()).States;

  it("the pipeline's gatekeeper waits only after NotReadyError, in its first retrier, 50 times at 30 seconds without backoff", () => {
    expect(GatekeeperState?.Retry?.[0]).toEqual({ ...NOT_READY, IntervalSeconds: 30, BackoffRate: 1, MaxAttempts: 50 });
    expect(GatekeeperState?.Retry?.slice(1).flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain('NotReadyError');
  });

  it("the pipeline's gatekeeper forces only NotReadyError, and keeps the input", () => {
    expect(GatekeeperState?.Catch?.[0]).toEqual({ ...NOT_READY, ResultPath: '$.late', Next: 'ForceGatekeeperState' });
    expect(ForceGatekeeperState).toEqual({
      Type: 'Pass',
      Result: true,
      ResultPath: '$.force',
      Next: 'GatekeeperState',
    });
  });

  it("the pipeline's gatekeeper gets the whole input, because $.force does not exist on the first pass", () => {
    expect(GatekeeperState).not.toHaveProperty('Parameters');
    expect(GatekeeperState?.ResultPath).toBe('$.gate');
  });

  it("the pipeline's gatekeeper waits as the settings say", () => {
    const { GatekeeperState: set } = definitionOf(
      synthesise({ 'gate.intervalSeconds': 60, 'gate.attempts': 600 }),
    ).States;
    expect(set?.Retry?.[0]).toMatchObject({ IntervalSeconds: 60, MaxAttempts: 600 });
  });
});

describe('GatekeeperLoop', () => {
  it("GatekeeperLoop refuses more attempts than an execution's history has room for", () => {
    const stack = new Stack();
    const props = { gatekeeper: functionIn(stack), interval: Duration.seconds(1) };
    expect(() => new GatekeeperLoop(stack, 'Loop', { ...props, attempts: 7_600 })).toThrow('25000');
    expect(() => new GatekeeperLoop(stack, 'Fits', { ...props, attempts: 7_570 })).not.toThrow();
  });

  it.each([
    { attempts: -1, seconds: 1, problem: 'attempts is -1, and takes a whole number from 0' },
    { attempts: 1.5, seconds: 1, problem: 'attempts is 1.5, and takes a whole number from 0' },
    { attempts: Number.NaN, seconds: 1, problem: 'attempts is NaN, and takes a whole number from 0' },
    { attempts: 1, seconds: 0, problem: 'interval is 0 seconds, and takes whole seconds from 1 to 99999999' },
    { attempts: 1, seconds: 0.5, problem: 'interval is 0.5 seconds, and takes whole seconds from 1 to 99999999' },
    { attempts: 1, seconds: 100_000_000, problem: 'interval is 100000000 seconds' },
  ])(
    'GatekeeperLoop refuses $attempts attempts every $seconds s, which Step Functions would refuse at the deploy',
    ({ attempts, seconds, problem }) => {
      const stack = new Stack();
      const props = { gatekeeper: functionIn(stack), interval: Duration.seconds(seconds), attempts };
      expect(() => new GatekeeperLoop(stack, 'Loop', props)).toThrow(
        `the GatekeeperLoop Default/Loop can't wait: ${problem}`,
      );
    },
  );

  it('GatekeeperLoop names all wrong properties at once', () => {
    const stack = new Stack();
    const props = { gatekeeper: functionIn(stack), interval: Duration.seconds(0), attempts: -1 };
    expect(() => new GatekeeperLoop(stack, 'Loop', props)).toThrow(/attempts is -1.*; interval is 0 seconds/);
  });

  it('GatekeeperLoop with 0 attempts looks once before it is forced', () => {
    const stack = new Stack();
    const loop = new GatekeeperLoop(stack, 'Loop', {
      gatekeeper: functionIn(stack),
      interval: Duration.seconds(1),
      attempts: 0,
    });
    new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(loop) });
    const { GatekeeperState } = definitionWith(Template.fromStack(stack), 'GatekeeperState').States;
    expect(GatekeeperState?.Retry?.[0]).toMatchObject({ ...NOT_READY, MaxAttempts: 0 });
  });

  it('GatekeeperLoop accepts another task, and adds the loop to it', () => {
    const stack = new Stack();
    const gatekeeper = new CallAwsService(stack, 'LookForMarker', {
      service: 's3',
      action: 'headObject',
      parameters: { Bucket: new Bucket(stack, 'Bucket').bucketName, 'Key.$': '$.marker' },
      iamResources: ['*'],
      resultPath: JsonPath.DISCARD,
    });
    const loop = new GatekeeperLoop(stack, 'Loop', { gatekeeper, interval: Duration.minutes(1), attempts: 3 });
    new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(loop) });
    const { LookForMarker } = definitionWith(Template.fromStack(stack), 'LookForMarker').States;
    expect(LookForMarker?.Retry?.[0]).toMatchObject({ ...NOT_READY, IntervalSeconds: 60, MaxAttempts: 3 });
    expect(LookForMarker?.Catch).toHaveLength(1);
  });

  it('GatekeeperLoop can be used twice in one state machine if its states have a prefix', () => {
    const stack = new Stack();
    const gatekeeper = functionIn(stack);
    const loops = ['First', 'Second'].map((name) => {
      const loop = new GatekeeperLoop(stack, name, { gatekeeper, interval: Duration.seconds(1), attempts: 1 });
      return loop.prefixStates(`${name}: `);
    });
    const [first, second] = loops as [GatekeeperLoop, GatekeeperLoop];
    new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(first.next(second)) });
    expect(Object.keys(definitionWith(Template.fromStack(stack), 'First: GatekeeperState').States)).toEqual([
      'First: GatekeeperState',
      'First: ForceGatekeeperState',
      'Second: GatekeeperState',
      'Second: ForceGatekeeperState',
    ]);
  });
});

describe('docs/gatekeeper-loop.md', () => {
  const page = readFileSync(new URL('../../docs/gatekeeper-loop.md', import.meta.url), 'utf8');

  it('docs/gatekeeper-loop.md contains the example that is tested here', () => {
    const [, shown] = /```ts\n([\s\S]*?)\n```/.exec(page) ?? [];
    expect(`${shown}\n`).toBe(readFileSync(new URL('./gatekeeper-loop-example.ts', import.meta.url), 'utf8'));
  });

  it('docs/gatekeeper-loop.md contains an example that makes a valid state machine', () => {
    const definition = definitionOf(Template.fromStack(new WaitForExport(new App(), 'Example')));
    const { isValid, errorsText } = aslValidator(definition);
    expect(isValid, errorsText()).toBe(true);
    expect(definition.States.GatekeeperState?.Retry?.[0]).toMatchObject({
      ...NOT_READY,
      IntervalSeconds: 300,
      MaxAttempts: 48,
    });
    expect(definition.States.GatekeeperState?.Next).toBe('GoOn');
  });
});
