import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionCaller } from '#lambdas/gatekeeper/checks/call-function.ts';
import type { Look } from '#lambdas/gatekeeper/checks/check.ts';
import { CheckFailedError } from '#lambdas/gatekeeper/checks/check.ts';
import { checkFor } from '#lambdas/gatekeeper/checks/index.ts';
import { nextGateRecord } from '#lambdas/gatekeeper/gate-samples.ts';
import { PUBLIC_INTERNET } from '#net/guard/source-guard.ts';
import type { WaitFor } from '#run/input/wait-for.ts';
import { type GateRecord, type GateSample, newGateRecord } from '#run/ledger/gate-record.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { putObject, sourceNamed, writePlan } from '#test/helpers/run.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const aws = useEmbeddedAws();
let web: Web;
const answers = new Map<string, { status: number; body: string; headers?: Record<string, string> }>();

beforeAll(async () => {
  web = await startWeb((request, response) => {
    const answer = answers.get(request.url ?? '') ?? { status: 404, body: '' };
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
});
afterAll(() => web.stop());

const sample = (minute: number, counts: Partial<GateSample> = {}): GateSample => ({
  at: new Date(Date.UTC(2026, 10, 24, 1, minute)).toISOString(),
  done: 0,
  failed: 0,
  missing: 1,
  exact: true,
  queued: 0,
  inFlight: 0,
  deadLetters: 0,
  workers: 0,
  ...counts,
});

async function lookWith(samples: readonly GateSample[]): Promise<Look> {
  const plan = await writePlan(await aws.store(), 'r', [sourceNamed('a')]);
  const record = samples.reduce<GateRecord>((before, one) => nextGateRecord(before, one, {}), newGateRecord('r'));
  return { plan, record };
}

async function run(wait: WaitFor, look?: Look) {
  const call = functionCaller({ ...aws.client(), endpoint: web.url, maxAttempts: 1 }, 'Sluice-check-');
  return checkFor(wait, { store: await aws.store(), call, guard: LOOPBACK })(look ?? (await lookWith([sample(0)])));
}

describe('the ledger check', () => {
  it('the ledger check is ready only after an exact count', async () => {
    const about = await lookWith([sample(0, { missing: 0, exact: false })]);
    expect(await run({ check: 'ledger' }, about)).toMatchObject({ ready: false });
    const exact = await lookWith([sample(0, { done: 1, missing: 0 })]);
    expect(await run({ check: 'ledger' }, exact)).toEqual({ ready: true, progress: '1 of 1 done, 0 failed, 0 to go' });
  });
});

describe('the queue check', () => {
  it.each([
    ['three empty looks over three minutes', [sample(0), sample(1), sample(3)], true],
    ['two empty looks, however far apart', [sample(0), sample(9)], false],
    ['three looks within a minute', [sample(0), sample(0), sample(1)], false],
    ['a message in flight in between', [sample(0), sample(1, { inFlight: 1 }), sample(2), sample(4)], false],
    ['a dead letter', [sample(0), sample(1), sample(2), sample(3, { deadLetters: 1 })], false],
  ])('the queue check for %s: %s', async (_, samples, ready) => {
    expect((await run({ check: 'queue' }, await lookWith(samples))).ready).toBe(ready);
  });
});

describe('the objects check', () => {
  it('the objects check is ready when enough objects have the prefix', async () => {
    const store = await aws.store();
    const call = functionCaller(aws.client(), 'Sluice-check-');
    const look = () => lookWith([sample(0)]);
    const check = checkFor({ check: 'objects', prefix: 'exports/', count: 2 }, { store, call, guard: LOOPBACK });
    await putObject(store.client, store.bucket, 'exports/1', 'x');
    await putObject(store.client, store.bucket, 'elsewhere/2', 'x');
    expect(await check(await look())).toEqual({ ready: false, progress: '1 of 2 objects under exports/' });
    await putObject(store.client, store.bucket, 'exports/2', 'x');
    expect(await check(await look())).toMatchObject({ ready: true });
  });
});

describe('the http check', () => {
  it.each([
    ['{"done":3,"total":3}', true],
    ['{"done":2,"total":3}', false],
    ['{"done":0,"total":0}', false],
  ])('the http check accepts %s as ready: %s', async (body, ready) => {
    answers.set('/jobs', { status: 200, body });
    expect((await run({ check: 'http', url: `${web.url}/jobs` })).ready).toBe(ready);
  });

  it.each([
    [503, '{"done":3,"total":3}', /answered 503/],
    [200, 'ready', /the request to .* failed/],
    [200, '{"done":4,"total":3}', /done is more than total/],
    [200, `"${'x'.repeat(100_000)}"`, /longer than 65536 bytes/],
  ])('the http check treats %i %.30s as an error, which never opens the gate', async (status, body, message) => {
    answers.set('/broken?token=secret', { status, body });
    const check = run({ check: 'http', url: `${web.url}/broken?token=secret` });
    await expect(check).rejects.toThrow(CheckFailedError);
    await expect(check).rejects.toThrow(message);
    await expect(check).rejects.not.toThrow(/secret/);
  });
});

it('the http check sends no request to a page in the private network unless a range is opened, and says why', async () => {
  const store = await aws.store();
  const call = functionCaller(aws.client(), 'Sluice-check-');
  for (const url of [`${web.url}/jobs`, 'http://169.254.170.2/v2/credentials', 'http://2852039166/']) {
    const check = checkFor({ check: 'http', url }, { store, call, guard: PUBLIC_INTERNET });
    await expect(check(await lookWith([sample(0)]))).rejects.toThrow(/is not dialled/);
  }
});

describe('the lambda check', () => {
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:mine';
  const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`;

  it("the lambda check is ready when the function's answer says so", async () => {
    answers.set(path, { status: 200, body: '{"done":1,"total":2}' });
    expect(await run({ check: 'lambda', function: functionArn })).toEqual({ ready: false, progress: '1 of 2 at mine' });
  });

  it('the lambda check calls the function that the deploy has made of a module of gate.checks', async () => {
    answers.set('/2015-03-31/functions/Sluice-check-export-done/invocations', {
      status: 200,
      body: '{"done":2,"total":2}',
    });
    expect(await run({ check: 'lambda', function: 'export-done' })).toEqual({
      ready: true,
      progress: '2 of 2 at export-done',
    });
  });

  it("the lambda check treats the function's error as an error", async () => {
    answers.set(path, { status: 200, body: '{"errorType":"Oops"}', headers: { 'x-amz-function-error': 'Unhandled' } });
    await expect(run({ check: 'lambda', function: functionArn })).rejects.toThrow(/mine failed: .*Oops/);
  });
});
