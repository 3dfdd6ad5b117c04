import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalSettings } from '#local/deploy.ts';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { runCommand } from '#local/run-command.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs `cdk destroy` as a person does who has deployed with the same settings.
 *
 * @param options.logFolder takes the command's log.
 * @throws CommandFailedError with the end of the command's log.
 */
export async function destroyStack(
  aws: EmbeddedAws,
  { settings, logFolder }: { readonly settings: LocalSettings; readonly logFolder: string },
): Promise<void> {
  const context = Object.entries(settings).flatMap(([name, value]) => [
    '-c',
    `sluice.${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`,
  ]);
  await runCommand(
    process.execPath,
    [
      join(REPOSITORY, 'node_modules/aws-cdk/bin/cdk'),
      'destroy',
      '--force',
      '--no-notices',
      // Without this option, all tests that destroy a stack would write into the repository's cdk.out.
      '--output',
      join(logFolder, 'destroy.out'),
      ...context,
    ],
    {
      cwd: REPOSITORY,
      env: { ...aws.childEnv, CDK_DISABLE_CLI_TELEMETRY: 'true', NO_COLOR: '1' },
      logFile: join(logFolder, 'cdk-destroy.log'),
    },
  );
}
