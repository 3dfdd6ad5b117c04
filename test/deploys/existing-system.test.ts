import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '#release/build-package.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CDK = join(ROOT, 'node_modules/aws-cdk/bin/cdk');

let aws: Awaited<ReturnType<typeof startTestAws>>;
let web: Web;
let stateMachineArn: string;
const looks = new Map<string, number>();

beforeAll(async () => {
  aws = await startTestAws();
  // The existing system: the exports of a day are all there at the third look, and those of the day `never` are not.
  web = await startWeb((request, response) => {
    const day = request.url ?? '';
    const look = (looks.get(day) ?? 0) + 1;
    looks.set(day, look);
    const done = look >= 3 && day !== '/never' ? 2 : 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ done, total: 2 }));
  });
  const app = join(aws.folder, 'existing-system');
  cpSync(join(ROOT, 'examples/existing-system'), app, { recursive: true });
  const modules = join(app, 'node_modules');
  mkdirSync(modules);
  // library.test.ts installs the packed package; this app needs the compiled constructs alone.
  buildPackage(ROOT, join(modules, 'sluice'));
  symlinkSync(join(ROOT, 'node_modules'), join(modules, 'sluice/node_modules'));
  for (const name of ['aws-cdk-lib', 'constructs']) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  const cdk = (cwd: string, ...args: string[]) =>
    execFileSync(process.execPath, [CDK, ...args, '--no-notices'], {
      cwd,
      env: { ...aws.childEnv, CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_VALIDATION: 'false', NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 280_000,
    });
  // In a folder without a cdk.json: it would synthesise the app a second time.
  cdk(aws.folder, 'bootstrap', `aws://${aws.account}/${aws.region}`);
  const context = ['-c', `statusUrl=${web.url}`, '-c', 'intervalSeconds=1', '-c', 'attempts=8'];
  cdk(
    app,
    'deploy',
    '--app',
    `${process.execPath} app.ts`,
    '--require-approval',
    'never',
    '--outputs-file',
    'out.json',
    ...context,
  );
  const outputs = JSON.parse(readFileSync(join(app, 'out.json'), 'utf8')) as Record<string, Record<string, string>>;
  stateMachineArn = outputs.ExistingSystem?.StateMachineArn ?? '';
});
afterAll(async () => {
  await web?.stop();
  await aws?.stop();
});

async function run(day: string) {
  const sfn = new SFNClient(aws.client);
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify({ day }) }),
  );
  const ended = async () => {
    const { status, output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return { status, output: output === undefined ? undefined : JSON.parse(output) };
  };
  await expect.poll(async () => (await ended()).status).not.toBe('RUNNING');
  return ended();
}

describe('the gatekeeper alone in front of an existing system', () => {
  it('the gatekeeper waits until an existing system reports that all exports exist', async () => {
    expect(await run('2026-11-27')).toMatchObject({ status: 'SUCCEEDED', output: { gate: { complete: true } } });
    expect(looks.get('/2026-11-27')).toBe(3);
  });

  it('the gatekeeper opens the gate with the existing exports when time is up', async () => {
    const { status, output } = await run('never');
    expect(status).toBe('SUCCEEDED');
    expect(output).toMatchObject({ force: true, gate: { complete: false } });
    expect(looks.get('/never')).toBe(9);
  });
});
