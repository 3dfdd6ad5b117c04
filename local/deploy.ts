import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { cloudAssembly } from './cloud-assembly.ts';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';
import { runCommand } from './run-command.ts';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));

/** Settings in the form of `-c`: `{ 'gate.intervalSeconds': 2 }` becomes `-c sluice.gate.intervalSeconds=2`. */
export type LocalSettings = Readonly<Record<string, string | number | boolean | object>>;

/**
 * Settings for a machine with two cores, and for a person who waits for the end. All other settings are those of the
 * cloud.
 */
const LOCAL_SETTINGS: LocalSettings = {
  'gate.intervalSeconds': 1,
  'gate.attempts': 300,
  'workers.itemMinutes': 5,
  'ingest.children': 3,
  'workers.max': 2,
  'workers.idleSeconds': 5,
  // The function of this setting uses the SDK of Lambda's runtime, which does not exist here.
  'network.restrictDefaultSecurityGroup': false,
  // A person may use any port. `sources.openRanges` decides which addresses of this machine may be dialled; the default
  // is none.
  'sources.ports': [],
};

/** The stack's outputs that others use. */
const stackOutputsSchema = z.object({
  BucketName: z.string(),
  StateMachineArn: z.string(),
  QueueUrl: z.string(),
  ClusterName: z.string(),
});
export type StackOutputs = z.infer<typeof stackOutputsSchema> & Readonly<Record<string, string>>;

const cdkJson = z.object({ context: z.object({ sluice: z.record(z.string(), z.unknown()).default({}) }) });

/** The embedded AWS has no CodePipeline, and the stages of a delivery are other deployments. */
async function settingsWithoutDelivery(): Promise<Record<string, unknown>> {
  const content = cdkJson.parse(JSON.parse(await readFile(join(REPOSITORY, 'cdk.json'), 'utf8')));
  const { delivery: _, ...settings } = content.context.sluice;
  return settings;
}

/**
 * Runs the real `cdk synth`, `cdk bootstrap` and `cdk deploy` of this repository against an embedded AWS. If the
 * assembly of an earlier synth can be used again, there is no synth: see cloud-assembly.ts.
 *
 * @param options.folder receives the outputs. Use one folder for each deployment, so that several can run at the same
 * time.
 * @param options.assemblies the folder for cloud assemblies. @default `.sluice/assemblies`
 * @param options.logFolder receives a log of each command. @default the same folder
 * @param options.say receives a line of progress now and then.
 * @param options.settings added to LOCAL_SETTINGS.
 * @param options.base settings below these. @default those of cdk.json, without its delivery
 * @param options.app another command that synthesises, as in `cdk --app`. @default that of cdk.json
 * @returns the outputs of all its stacks.
 * @throws CommandFailedError with the end of the command's log.
 */
export async function deployStack(
  aws: EmbeddedAws,
  options: {
    folder: string;
    assemblies?: string;
    logFolder?: string;
    settings?: LocalSettings;
    base?: Readonly<Record<string, unknown>>;
    app?: string;
    signal?: AbortSignal;
    say?: (line: string) => void;
  },
): Promise<StackOutputs> {
  await mkdir(options.folder, { recursive: true });
  const outputsFile = join(options.folder, 'outputs.json');
  const say = options.say ?? (() => {});
  const cdk = async (step: string, args: readonly string[], signal: AbortSignal, cwd = REPOSITORY) => {
    const began = performance.now();
    // This starts Node directly and not through the package's #! line: then it is the Node 24 that runs this file,
    // whatever is first on the PATH.
    await runCommand(process.execPath, [join(REPOSITORY, 'node_modules/aws-cdk/bin/cdk'), ...args, ...QUIET], {
      cwd,
      env: { ...aws.childEnv, ...SYNTH_ENV, CDK_DISABLE_CLI_TELEMETRY: 'true', NO_COLOR: '1' },
      logFile: join(options.logFolder ?? options.folder, `cdk-${step}.log`),
      signal,
    });
    say(`cdk ${step} took ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  };
  const context = [
    ...['-c', `sluice=${JSON.stringify(options.base ?? (await settingsWithoutDelivery()))}`],
    ...Object.entries({ ...LOCAL_SETTINGS, ...options.settings }).flatMap(([name, value]) => [
      '-c',
      `sluice.${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
    ]),
  ];
  const app = options.app === undefined ? [] : ['--app', options.app];
  // Bootstrap and synth don't need each other, and each mostly waits. If one fails, the other is stopped.
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const assembling = cloudAssembly({
    repository: REPOSITORY,
    cache: options.assemblies ?? join(REPOSITORY, '.sluice/assemblies'),
    inputs: [
      process.version,
      process.platform,
      process.arch,
      aws.account,
      aws.region,
      JSON.stringify(SYNTH_ENV),
      ...app,
      ...context,
    ],
    synth: (folder) => cdk('synth', ['synth', '--quiet', '--output', folder, ...app, ...context], signal),
  });
  // This runs in a folder without a cdk.json. With one, it would synthesise the app a second time.
  const bootstrapping = cdk('bootstrap', ['bootstrap', `aws://${aws.account}/${aws.region}`], signal, options.folder);
  const both = [assembling, bootstrapping] as const;
  let assembly: string;
  try {
    const [{ folder, reused }] = await Promise.all(both);
    if (reused) say('nothing has changed since an earlier cdk synth, so its result is used again');
    assembly = folder;
  } catch (error) {
    stop.abort();
    await Promise.allSettled(both);
    throw error;
  }
  await cdk(
    'deploy',
    [
      'deploy',
      '--all',
      '--app',
      assembly,
      '--require-approval',
      'never',
      '--method',
      'direct',
      '--outputs-file',
      outputsFile,
    ],
    signal,
  );
  const outputs = z
    .record(z.string(), z.record(z.string(), z.string()))
    .parse(JSON.parse(await readFile(outputsFile, 'utf8')));
  const merged = Object.assign({}, ...Object.values(outputs)) as Record<string, string>;
  return { ...merged, ...stackOutputsSchema.parse(merged) };
}

/** Environment variables that the app itself and the CDK read. */
export const SYNTH_ENV = {
  SLUICE_LOCAL_WORKERS: 'true',
  // Against the rules of the real CloudFormation, templates are checked by `npm run synth` and by a deploy to AWS. The
  // check takes two thirds of a synth.
  CDK_VALIDATION: 'false',
};

const QUIET = ['--no-notices', '--no-version-reporting', '--no-color'];
