import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { deployStack } from '#local/deploy.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The files of a commit don't exist here: this is not a clone, or a shallow one. */
export class NoSuchCommitError extends Error {
  override readonly name = 'NoSuchCommitError';
}

/** An earlier version of this repository, in a folder of its own. */
export interface EarlierVersion {
  readonly commit: string;
  /** That version's own deploy, with its own settings for a local run. */
  readonly deployStack: typeof deployStack;
}

/**
 * Exports a commit's files, with the packages of its lock file: those of this checkout if the lock files are the same,
 * otherwise npm installs them.
 *
 * @param folder receives the files; it is created.
 * @throws NoSuchCommitError, which names the commit and how to get it.
 */
export async function earlierVersion(commit: string, folder: string): Promise<EarlierVersion> {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', ROOT, ...args], { maxBuffer: 256 * 1_048_576, stdio: ['ignore', 'pipe', 'pipe'] });
  let files: Buffer;
  try {
    git('rev-parse', '--verify', '--quiet', `${commit}^{commit}`);
    files = git('archive', '--format=tar', commit);
  } catch (cause) {
    throw new NoSuchCommitError(
      `the commit ${commit} is not in ${ROOT}: this is no git clone, or a shallow one; "git fetch --unshallow" brings it`,
      { cause },
    );
  }
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-x', '-C', folder], { input: files });
  const lock = (of: string) => readFileSync(join(of, 'package-lock.json'), 'utf8');
  if (lock(folder) === lock(ROOT)) symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  else execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder, stdio: 'ignore' });
  const deploy = pathToFileURL(join(folder, 'local/deploy.ts')).href;
  return {
    commit,
    deployStack: ((await import(/* @vite-ignore */ deploy)) as typeof import('#local/deploy.ts')).deployStack,
  };
}
