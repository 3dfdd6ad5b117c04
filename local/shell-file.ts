import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';

/** The file by which a shell reaches the embedded AWS of `npm start -- --keep`, as long as it runs. */
export const SHELL_FILE = fileURLToPath(new URL('../.sluice/local-aws.env', import.meta.url));

/**
 * Writes commands with which a shell, and all programs that it starts, use only the embedded AWS. Only the file's owner
 * can read it, because it contains the keys. The file's folder exists.
 *
 * @param more further variables.
 */
export async function writeShellFile(
  { env }: Pick<EmbeddedAws, 'env'>,
  more: Readonly<Record<string, string>> = {},
  file = SHELL_FILE,
): Promise<void> {
  const lines = Object.entries({ ...env, ...more }).map(([name, value]) => `export ${name}='${value}'`);
  // A profile or a session of the person would take precedence over the keys, or would not exist here.
  lines.push('unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN');
  // The CDK sends also requests to the loopback interface through a proxy.
  for (const name of ['NO_PROXY', 'no_proxy']) lines.push(`export ${name}="127.0.0.1,localhost\${${name}:+,$${name}}"`);
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** Removes the file, unless another embedded AWS has written it since. */
export async function removeShellFile({ env }: Pick<EmbeddedAws, 'env'>, file = SHELL_FILE): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text.includes(`'${env.AWS_ENDPOINT_URL}'`)) await rm(file, { force: true });
}
