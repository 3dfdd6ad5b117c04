import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleChecks } from '#lib/bundling/check-bundle.ts';
import { readSettings, SettingsError } from '#lib/settings/read-settings.ts';
import { SluiceStack } from '#lib/sluice-stack.ts';
import { cdkContext, programs } from '../synthesise.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-own-checks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function module(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const GOOD = module(
  'export-done.ts',
  `type Look = { readonly runId: string };
   export const handler = async ({ runId }: Look) => ({ done: runId.length, total: runId.length });`,
);

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

/** A stack with these checks. */
function stackWith(checks: Record<string, string>): SluiceStack {
  const app = new App({ context: cdkContext });
  return new SluiceStack(app, 'Own', {
    settings: readSettings({ sluice: { stackName: 'Own', gate: { checks } } }),
    ...programs,
  });
}

describe('checks of the setting gate.checks', () => {
  it('a module becomes a bundle that exports its handler, with a source map that names the module', async () => {
    const bundle = bundleChecks({ 'export-done': GOOD })['export-done'] ?? '';
    const { handler } = await import(join(bundle, 'index.mjs'));
    expect(await handler({ runId: 'four' })).toEqual({ done: 4, total: 4 });
    expect(readdirSync(bundle).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    expect(readFileSync(join(bundle, 'index.mjs.map'), 'utf8')).toContain('export-done.ts');
  });

  it('synth refuses a missing module, one that can not be bundled, and one without a handler, all at once', () => {
    const checks = {
      missing: join(folder, 'missing.ts'),
      broken: module('broken.ts', 'export const handler = ;'),
      other: module('other.ts', 'export const check = 1;'),
      good: GOOD,
    };
    expect(problemsOf(() => bundleChecks(checks))).toEqual([
      expect.stringMatching(/^gate\.checks\.missing: there is no file .*missing\.ts/),
      expect.stringMatching(
        /^gate\.checks\.broken: .*broken\.ts can't be bundled: Unexpected ";" \(.*broken\.ts, line 1\)/,
      ),
      expect.stringMatching(/^gate\.checks\.other: .*other\.ts exports no "handler"/),
    ]);
  });

  it('the settings accept a check in gate.waitFor only if gate.checks or gate.functions names it', () => {
    const waitFor = [{ check: 'lambda', function: 'export-done' }];
    expect(problemsOf(() => readSettings({ sluice: { gate: { waitFor } } }))).toEqual([
      expect.stringContaining(
        'the gatekeeper may not call export-done; add it to the setting gate.functions, or its module to gate.checks',
      ),
    ]);
    expect(problemsOf(() => readSettings({ sluice: { gate: { waitFor, checks: { 'export-done': GOOD } } } }))).toEqual(
      [],
    );
    expect(problemsOf(() => readSettings({ sluice: { gate: { checks: { 'Export done': GOOD } } } }))).toHaveLength(1);
  });

  it('a check has a function with a role that may write its log and traces only, and the gatekeeper may call it', () => {
    const stack = stackWith({ 'export-done': GOOD });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'Own-check-export-done', Timeout: 230 });
    const policies = Object.entries(template.findResources('AWS::IAM::Policy'));
    const [, own] = policies.find(([id]) => id.startsWith('Checks')) ?? [];
    const actions = own?.Properties.PolicyDocument.Statement.flatMap(
      ({ Action }: { Action: string | string[] }) => Action,
    );
    expect(actions.sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    const [, gatekeeper] = policies.find(([id]) => id.startsWith('Functionsgatekeeper')) ?? [];
    expect(JSON.stringify(gatekeeper)).toMatch(
      /lambda:InvokeFunction","Effect":"Allow","Resource":\{"Fn::GetAtt":\["Checksexportdone/,
    );
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'Own-gatekeeper',
      Environment: { Variables: { SLUICE_CHECKS: 'Own-check-' } },
    });
  });

  it('an app grants a check what it has to read, and gets an error with the names for a check that does not exist', () => {
    const stack = stackWith({ 'export-done': GOOD });
    const exports = new Bucket(stack, 'Exports');
    exports.grantRead(stack.pipeline.check('export-done'));
    const [, own] =
      Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).find(([id]) =>
        id.startsWith('Checks'),
      ) ?? [];
    expect(JSON.stringify(own)).toContain('s3:GetObject*');
    expect(problemsOf(() => stack.pipeline.check('other'))).toEqual([
      'gate.checks: takes a module for the check "other", which the app uses, but names only export-done',
    ]);
  });
});
