import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { cloudAssembly } from './cloud-assembly.ts';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';
import { runCommand } from './run-command.ts';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));

/** Settings as `-c` takes them: `{ 'gate.intervalSeconds': 2 }` becomes `-c sluice.gate.intervalSeconds=2`. */
export type LocalSettings = Readonly<Record<string, string | number | boolean | object>>;

/** What fits one machine of two cores, and a person who waits for the end. Everything else is as in the cloud. */
const LOCAL_SETTINGS: LocalSettings = {
  'gate.intervalSeconds': 2,
  'gate.attempts': 150,
  'workers.itemMinutes': 5,
  'ingest.children': 3,
  'workers.max': 2,
  'workers.idleSeconds': 5,
  // Its function takes the SDK of Lambda's runtime, which isn't there.
  'network.restrictDefaultSecurityGroup': false,
  // A person may name any. What of this machine may be dialled is `sources.openRanges`, and none by default.
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

/**
 * Runs the real `cdk synth`, `cdk bootstrap` and `cdk deploy` of this repository against an embedded AWS. The synth is left
 * out while its result is kept from an earlier one: see cloud-assembly.ts.
 *
 * @param options.folder takes the outputs. One deployment a folder, so that several can run at the same time.
 * @param options.assemblies keeps the cloud assemblies. @default `.sluice/assemblies`
 * @param options.logFolder takes a log of each command. @default the same folder
 * @param options.say gets a line of progress now and then.
 * @param options.settings on top of LOCAL_SETTINGS.
 * @param options.app another command that synthesises, as `cdk --app` takes it. @default that of cdk.json
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
    // Node itself, not the package's #!: Node 24 is the one that runs this file, whatever comes first on the PATH.
    await runCommand(process.execPath, [join(REPOSITORY, 'node_modules/aws-cdk/bin/cdk'), ...args, ...QUIET], {
      cwd,
      env: { ...aws.childEnv, ...SYNTH_ENV, CDK_DISABLE_CLI_TELEMETRY: 'true', NO_COLOR: '1' },
      logFile: join(options.logFolder ?? options.folder, `cdk-${step}.log`),
      signal,
    });
    say(`cdk ${step} took ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  };
  const context = Object.entries({ ...LOCAL_SETTINGS, ...options.settings }).flatMap(([name, value]) => [
    '-c',
    `sluice.${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  ]);
  const app = options.app === undefined ? [] : ['--app', options.app];
  // Neither needs the other, and each waits a good part of its time. The first failure stops the other.
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
  // In a folder without a cdk.json: it would synthesise the app a second time.
  const bootstrapping = cdk('bootstrap', ['bootstrap', `aws://${aws.account}/${aws.region}`], signal, options.folder);
  const both = [assembling, bootstrapping] as const;
  let assembly: string;
  try {
    const [{ folder, reused }] = await Promise.all(both);
    if (reused) say('cdk synth was left out: nothing has changed since an earlier one');
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

/** What the app itself reads of the environment. */
const SYNTH_ENV = { SLUICE_LOCAL_WORKERS: 'true' };

const QUIET = ['--no-notices', '--no-version-reporting', '--no-color'];
