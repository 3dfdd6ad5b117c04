import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { temporaryFolder } from '#lib/bundling/temporary-folder.ts';
import { LAMBDA_NAMES, type LambdaName } from '#lib/functions/lambda-entries.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { SluiceStack } from '#lib/sluice-stack.ts';

// CDK checks each template against CloudFormation's rules, which takes seconds; `cdk synth` itself does it in CI.
process.env.CDK_VALIDATION = 'false';

const folder = temporaryFolder('sluice-synth');

/** The functions' code does not change a template, so code that needs no bundling replaces it. */
const entry = join(folder, 'handler.ts');
writeFileSync(entry, 'export async function handler() {}');
const entries = Object.fromEntries(LAMBDA_NAMES.map((name) => [name, entry])) as Record<LambdaName, string>;

const program = join(folder, 'worker.mjs');
writeFileSync(program, 'export {};');
export const WORKER_SHA256 = 'ab'.repeat(32);
const native = join(folder, 'duckdb.node.zst');
writeFileSync(native, 'packed');
const nativeFiles = [{ name: 'duckdb.node', path: native, sha256: 'cd'.repeat(32) }];

/** The programs of every stack here. */
export const programs = {
  entries,
  workerProgram: { path: program, sha256: WORKER_SHA256, command: ['node', '-e', 'import("worker")'], nativeFiles },
};

/** The context of cdk.json: its feature flags decide what is rendered. */
export const cdkContext = (
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as { context: Record<string, unknown> }
).context;

/**
 * The stack with these settings, as constructs.
 *
 * @param settings as `-c` gives them: `{ 'gate.intervalSeconds': 2 }`.
 * @param props of the stack: `{ env: { region: 'cn-north-1' } }`. @default any account and region
 */
export function stackWith(settings: Readonly<Record<string, unknown>> = {}, props: StackProps = {}): SluiceStack {
  const given = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`sluice.${name}`, value]));
  const app = new App({ context: cdkContext });
  const read = readSettings(given);
  return new SluiceStack(app, read.stackName, {
    ...props,
    settings: read,
    ...programs,
  });
}

const templates = new Map<string, Template>();

/** The template of the stack with these settings. It is made once for all tests of a worker, so don't change it. */
export function synthesise(settings: Readonly<Record<string, unknown>> = {}, props: StackProps = {}): Template {
  const name = JSON.stringify([settings, props]);
  const template = templates.get(name) ?? Template.fromStack(stackWith(settings, props));
  templates.set(name, template);
  return template;
}

/** A state of a rendered definition, as far as tests look at it. */
export interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly ResultPath?: string | null;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly MaxConcurrency?: number;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly [field: string]: unknown }[];
  readonly Catch?: readonly unknown[];
  readonly ItemProcessor?: Definition;
  readonly [field: string]: unknown;
}
export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** The definition of the runs' state machine, with a text in place of each of CloudFormation's references. */
export function definitionOf(template: Template): Definition {
  return definitionWith(template, 'GatekeeperState');
}

/** The definition of the state machine that has a state of that name. */
export function definitionWith(template: Template, state: string): Definition {
  for (const machine of Object.values(template.findResources('AWS::StepFunctions::StateMachine'))) {
    const parts = machine.Properties.DefinitionString['Fn::Join'][1] as unknown[];
    const text = parts.map((part) => (typeof part === 'string' ? part : reference(part as Record<string, unknown>)));
    const definition = JSON.parse(text.join('')) as Definition;
    if (state in definition.States) return definition;
  }
  throw new Error(`no state machine has a state ${state}`);
}

/** Every state, those within Maps too, by name. */
export function allStates(definition: Definition): Record<string, State> {
  return Object.fromEntries(
    Object.entries(definition.States).flatMap(([name, state]) => [
      [name, state],
      ...(state.ItemProcessor === undefined ? [] : Object.entries(allStates(state.ItemProcessor))),
    ]),
  );
}

function reference(part: Record<string, unknown>): string {
  if (part.Ref === 'AWS::Partition') return 'aws';
  // Functions are named by their ARN, and validators look at its form. Of a version it is the reference itself.
  const version = /^Functions\w+Version/.test(String(part.Ref)) ? String(part.Ref) : undefined;
  if (part.Ref !== undefined && version === undefined) return String(part.Ref).toLowerCase();
  const [logicalId] = version === undefined ? (part['Fn::GetAtt'] as [string]) : [version];
  return `arn:aws:lambda:us-east-1:000000000000:function:${logicalId}`;
}
