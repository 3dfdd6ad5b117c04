import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const LOCK_FOLDER = join(REPOSITORY, 'worker/native');
const CACHE = join(REPOSITORY, '.sluice/native');

/** The platform of a worker, for which its native code must be built. */
export interface Platform {
  readonly os: 'linux' | 'darwin';
  readonly cpu: 'arm64' | 'x64';
  /** Linux only. The public Node images of Debian have glibc, those of Alpine musl. */
  readonly libc?: 'glibc' | 'musl';
}

/** A file of native code, compressed with Brotli, for the bucket of assets. */
export interface NativeFile {
  /** The name of the unpacked file. */
  readonly name: string;
  /** The compressed file. */
  readonly path: string;
  /** The hash of the compressed file, as hexadecimal digits. The worker checks it before it loads anything. */
  readonly sha256: string;
}

/** npm could not install the native packages. */
export class NativeInstallError extends Error {
  override readonly name = 'NativeInstallError';
}

/** An installed file is for another platform than the worker's. */
export class WrongPlatformError extends Error {
  override readonly name = 'WrongPlatformError';
}

/** The machine's own platform, for the local run, in which workers are plain processes. */
export function ownPlatform(): Platform {
  const { platform, arch } = process;
  if ((platform !== 'linux' && platform !== 'darwin') || (arch !== 'arm64' && arch !== 'x64')) {
    throw new NativeInstallError(`there is no DuckDB for ${platform} on ${arch}: set workers.parquet=false`);
  }
  if (platform === 'darwin') return { os: platform, cpu: arch };
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { os: platform, cpu: arch, libc: header.glibcVersionRuntime === undefined ? 'musl' : 'glibc' };
}

/**
 * Returns DuckDB's native files for a platform. They are installed once with `npm ci` from a separate lock file
 * (`worker/native`), checked and compressed, then kept in `.sluice/native` until the lock file changes. A synth that
 * finds them there needs no time and no network. Measured on two busy cores: 6.6 s the first time, 0.06 s after that,
 * 20 MB.
 *
 * @throws NativeInstallError, WrongPlatformError.
 */
export function duckDbFiles(platform: Platform): readonly NativeFile[] {
  const { os, cpu, libc } = platform;
  const name = `@duckdb/node-bindings-${os}-${cpu}${libc === 'musl' ? '-musl' : ''}`;
  const lock = createHash('sha256')
    .update(readFileSync(join(LOCK_FOLDER, 'package-lock.json')))
    .digest('hex');
  const folder = join(CACHE, `${name.slice('@duckdb/'.length)}-${lock.slice(0, 16)}-br`);
  if (!existsSync(folder)) makeFolder(folder, (made) => pack(name, platform, made));
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const path = join(folder, file);
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      return { name: file.replace(/\.br$/, ''), path, sha256 };
    });
}

/**
 * Creates a folder only when it is complete: a synth at the same time, or an interrupted one, leaves no incomplete
 * folder.
 */
function makeFolder(folder: string, fill: (made: string) => void): void {
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, 'making-'));
  try {
    fill(made);
    renameSync(made, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function pack(name: string, platform: Platform, folder: string): void {
  const install = mkdtempSync(join(CACHE, 'install-'));
  try {
    const from = installedHere(name) ?? installed(name, platform, install);
    for (const file of readdirSync(from).filter((each) => /\.(node|so|dylib)$/.test(each))) {
      const bytes = readFileSync(join(from, file));
      checkPlatform(bytes, platform, join(from, file));
      writeFileSync(join(folder, `${file}.br`), packed(bytes));
    }
  } finally {
    rmSync(install, { recursive: true, force: true });
  }
}

/**
 * Brotli, because a synth may run on Node 20, which has no zstd. At this level, DuckDB's library becomes 19.8 MB in 1.2
 * s of CPU, and needs 0.2 s to unpack.
 */
function packed(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}

/** The package that npm has installed with all others, if the worker's platform is this machine's own. */
function installedHere(name: string): string | undefined {
  const { dependencies } = JSON.parse(readFileSync(join(LOCK_FOLDER, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  try {
    const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    return version === dependencies['@duckdb/node-bindings'] ? dirname(file) : undefined;
  } catch {
    return undefined;
  }
}

function installed(name: string, { os, cpu, libc }: Platform, folder: string): string {
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(LOCK_FOLDER, file), join(folder, file));
  const platform = [`--os=${os}`, `--cpu=${cpu}`, ...(libc === undefined ? [] : [`--libc=${libc}`])];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  try {
    execFileSync('npm', ['ci', ...platform, '--ignore-scripts', '--prefer-offline', ...quiet], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (cause) {
    const said = String((cause as { stderr?: Buffer }).stderr ?? '').trim();
    throw new NativeInstallError(
      `npm could not install ${name} for the workers: run synth once with a network connection, or set workers.parquet=false\n${said}`,
      { cause },
    );
  }
  return join(folder, 'node_modules', name);
}

/** ELF's machine numbers. */
const ELF_MACHINE = { x64: 62, arm64: 183 } as const;

/**
 * @throws WrongPlatformError. A task with code for another machine would fail only at its first item, long after the
 * deploy.
 */
export function checkPlatform(bytes: Buffer, { os, cpu }: Platform, file: string): void {
  if (os !== 'linux') return;
  const isElf = bytes.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
  const machine = isElf ? bytes.readUInt16LE(18) : undefined;
  if (machine === ELF_MACHINE[cpu]) return;
  throw new WrongPlatformError(
    `${file} is ${isElf ? `an ELF file for machine ${machine}` : 'no ELF file'}; ${cpu} is ${ELF_MACHINE[cpu]}`,
  );
}
