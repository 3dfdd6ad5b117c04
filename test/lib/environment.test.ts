import { afterEach, describe, expect, it, vi } from 'vitest';
import { LAMBDA_NAMES, lambdaEntries } from '#lib/functions/lambda-entries.ts';
import { readWorkerSettings } from '#worker/environment.ts';
import { synthesise } from './synthesise.ts';

const template = synthesise({
  'alerts.email': 'on-call@example.org',
  'redshift.workgroup':
    'arn:aws:redshift-serverless:eu-central-1:111111111111:workgroup/5c8d2c4a-0d5e-4b8a-9f7e-1d2c3b4a5e6f',
  'redshift.copyRole': 'arn:aws:iam::111111111111:role/copy',
  'redshift.watch': 'true',
  defaultInput: { work: [{ processor: 'scrape' }] },
  'workers.itemMinutes': 0.5,
  'workers.userAgent': 'me/1',
});

/** A variable's value once CloudFormation has filled in its references. */
function filled(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  return name.endsWith('_URL') ? 'https://sqs.eu-central-1.amazonaws.com/111111111111/work' : 'filled-in';
}

/** What the template sets for a function, by the name of its folder. */
function variablesOf(name: string): [string, string][] {
  const [, fn] =
    Object.entries(template.findResources('AWS::Lambda::Function')).find(([id]) =>
      id.startsWith(`Functions${name.replaceAll('-', '')}Function`),
    ) ?? [];
  return Object.entries((fn?.Properties.Environment?.Variables ?? {}) as Record<string, unknown>).map(
    ([variable, value]) => [variable, filled(variable, value)],
  );
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

describe('the environment that the template sets', () => {
  it.each(LAMBDA_NAMES)('the template sets exactly the variables that %s reads at its cold start', async (name) => {
    for (const variable of Object.keys(process.env))
      if (variable.startsWith('SLUICE_')) vi.stubEnv(variable, undefined);
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    // Lambda sets it itself.
    vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '1024');
    for (const [variable, value] of variablesOf(name)) vi.stubEnv(variable, value);
    await expect(import(lambdaEntries()[name])).resolves.toMatchObject({ handler: expect.any(Function) });
  });

  it('the template sets exactly the variables that the worker reads, with the values of the settings', () => {
    const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
    const environment = Object.fromEntries(
      task?.Properties.ContainerDefinitions[0].Environment.map(({ Name, Value }: { Name: string; Value: unknown }) => [
        Name,
        filled(Name, Value),
      ]),
    );
    expect(readWorkerSettings(environment)).toMatchObject({
      visibilitySeconds: 120,
      heartbeatSeconds: 40,
      itemMinutes: 0.5,
      userAgent: 'me/1',
      stopSeconds: 120,
      sourceBytes: 1_024 * 1_073_741_824,
    });
  });

  it('the template gives Plan the time limit of the execution, if the settings set no other limit for a run', () => {
    expect(JSON.parse(Object.fromEntries(variablesOf('plan')).SLUICE_LIMITS ?? '')).toMatchObject({ hours: 21.6 });
  });
});
