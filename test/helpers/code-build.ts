import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

/** What CodeBuild reads of a project's build specification, as far as this repository writes it. */
export interface BuildSpec {
  readonly version: '0.2';
  readonly phases: Readonly<Record<string, { readonly commands?: readonly string[] }>>;
}

/** The phases in CodeBuild's order. */
const PHASES = ['install', 'pre_build', 'build', 'post_build'];

/** How a build ended, and all that it printed. */
export interface BuildEnd {
  readonly code: number;
  readonly output: string;
}

/**
 * Runs the commands of a build specification as CodeBuild does: all in one shell, `sh`, in the folder of the source, to
 * the first that fails.
 *
 * @param options.env the whole environment.
 */
export function runBuild(
  spec: BuildSpec,
  options: { folder: string; env: NodeJS.ProcessEnv; logFile: string },
): Promise<BuildEnd> {
  const unknown = Object.keys(spec.phases).filter((phase) => !PHASES.includes(phase));
  if (spec.version !== '0.2' || unknown.length > 0) throw new Error(`CodeBuild knows no ${spec.version} ${unknown}`);
  const commands = PHASES.flatMap((phase) => spec.phases[phase]?.commands ?? []);
  const child = spawn('sh', ['-e', '-c', commands.join('\n')], {
    cwd: options.folder,
    env: { ...options.env, CODEBUILD_SRC_DIR: options.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(options.logFile);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      log.write(bytes);
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      log.end();
      resolve({ code: code ?? -1, output });
    });
  });
}
