import { afterEach, describe, expect, it, vi } from 'vitest';
import { LAMBDA_NAMES, lambdaEntries } from '#lib/functions/lambda-entries.ts';
import { readWorkerSettings } from '#worker/environment.ts';
import { synthesise } from './synthesise.ts';

const template = synthesise({ defaultInput: { work: [{ processor: 'scrape' }] }, 'gate.intervalSeconds': 31 });

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
  it.each(LAMBDA_NAMES)('is all that %s reads at its cold start', async (name) => {
    for (const variable of Object.keys(process.env))
      if (variable.startsWith('SLUICE_')) vi.stubEnv(variable, undefined);
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    // Lambda sets it itself.
    vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '1024');
    for (const [variable, value] of variablesOf(name)) vi.stubEnv(variable, value);
    await expect(import(lambdaEntries()[name])).resolves.toMatchObject({ handler: expect.any(Function) });
  });

  it('is all that the worker reads, with the values of the settings', () => {
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
      itemMinutes: 20,
    });
  });

  it('tells Plan which processors the workers have', () => {
    const processors = (settings: Record<string, unknown>) =>
      Object.values(synthesise(settings).findResources('AWS::Lambda::Function'))
        .map(({ Properties }) => Properties.Environment?.Variables.SLUICE_PROCESSORS)
        .filter((value) => value !== undefined);
    expect(processors({})).toEqual(['parquet,profile,scrape']);
    expect(processors({ 'workers.parquet': false })).toEqual(['profile,scrape']);
  });

  it('tells Plan how long the gate waits, in minutes with their fraction', () => {
    expect(Object.fromEntries(variablesOf('plan')).SLUICE_MAX_WAIT_MINUTES).toBe(String((31 * 50) / 60));
  });
});
