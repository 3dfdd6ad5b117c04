// Installs what the local run needs and isn't there: the npm packages and a Python environment with the embedded AWS.
// Plain JavaScript without dependencies, since it runs before there are any, on the machine's own Node (20 or newer).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
const STATE = join(REPOSITORY, '.sluice');
const VENV = join(STATE, 'venv');
const REQUIREMENTS = join(REPOSITORY, 'local/embedded/requirements.txt');
const LOCK = join(REPOSITORY, 'package-lock.json');
/** Of one command: the packages come in a minute or two, and over a bad line in ten. */
const LIMIT_MS = 20 * 60_000;
const OLDEST_NODE = 20;
const OLDEST_PYTHON = [3, 10];

try {
  checkNode();
  checkPlatform();
  installPackages();
  installPython();
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) throw new Error(`Sluice needs Node ${OLDEST_NODE} or newer; this is ${process.version}.`);
}

function checkPlatform() {
  if (process.platform === 'win32') throw new Error('The local run needs Linux or macOS. On Windows, use WSL.');
}

/** `npm ci` where node_modules isn't what package-lock.json says. A stamp inside node_modules tells. */
function installPackages() {
  const wanted = hashOf(LOCK);
  const stamp = join(REPOSITORY, 'node_modules/.sluice-lock');
  if (readIfThere(stamp) === wanted) return;
  if (installedMatchesLock()) {
    // Installed by hand with npm ci or npm install: as good as ours.
    writeFileSync(stamp, wanted);
    return;
  }
  say('Installing the npm packages of package-lock.json (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm could not install the packages.');
  writeFileSync(stamp, wanted);
}

/** Compares package-lock.json with the lock that npm keeps of what it has installed. */
function installedMatchesLock() {
  const text = readIfThere(join(REPOSITORY, 'node_modules/.package-lock.json'));
  if (text === undefined) return false;
  const installed = JSON.parse(text).packages;
  const wanted = JSON.parse(readFileSync(LOCK, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !installed[path]),
  );
}

/** A virtual environment with exactly the requirements; made anew where they, or its Python, have changed. */
function installPython() {
  const wanted = hashOf(REQUIREMENTS);
  const stamp = join(VENV, 'sluice-requirements');
  const python = join(VENV, 'bin/python');
  // existsSync follows the link: a Python that was removed or updated away needs a new environment.
  if (readIfThere(stamp) === wanted && existsSync(python)) return;
  const found = findPython();
  say(`Installing the embedded AWS into .sluice/venv (Python ${found.version})`);
  rmSync(VENV, { recursive: true, force: true });
  mkdirSync(STATE, { recursive: true });
  run(
    found.command,
    ['-m', 'venv', VENV],
    'Python could not make a virtual environment. On Debian and Ubuntu its module is a package of its own: apt install python3-venv',
  );
  run(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS],
    'pip could not install the embedded AWS.',
  );
  writeFileSync(stamp, wanted);
}

/** The first Python that is new enough, so that an old `python3` on the PATH doesn't hide a newer one. */
function findPython() {
  const seen = [];
  for (const command of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']) {
    const answer = spawnSync(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
      encoding: 'utf8',
      env: cleanEnvironment(),
      timeout: 30_000,
    });
    const version = answer.status === 0 ? answer.stdout.trim() : '';
    if (!/^\d+\.\d+\.\d+$/.test(version)) continue;
    const [major, minor] = version.split('.').map(Number);
    if (major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]))
      return { command, version };
    seen.push(`${command} is ${version}`);
  }
  const found = seen.length === 0 ? 'none was found on the PATH' : seen.join(', ');
  throw new Error(
    `The embedded AWS needs Python ${OLDEST_PYTHON.join('.')} or newer; ${found}.\n` +
      'Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python) and try again.',
  );
}

function run(command, args, problem) {
  const began = Date.now();
  const { status, error } = spawnSync(command, args, {
    cwd: REPOSITORY,
    env: cleanEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: LIMIT_MS,
  });
  if (error !== undefined) throw new Error(`${problem}\n${command}: ${error.message}`);
  if (status !== 0) throw new Error(`${problem}\n"${command} ${args.join(' ')}" ended with ${status}.`);
  say(`  done in ${((Date.now() - began) / 1_000).toFixed(0)} s`);
}

/**
 * The person's environment without what would send Python elsewhere: another standard library, another folder to install into. What
 * names a registry or a proxy stays.
 */
function cleanEnvironment() {
  const env = { ...process.env, PIP_USER: '0' };
  for (const name of [
    'PYTHONHOME',
    'PYTHONPATH',
    '__PYVENV_LAUNCHER__',
    'PIP_TARGET',
    'PIP_PREFIX',
    'PIP_ROOT',
    'PIP_DRY_RUN',
  ]) {
    delete env[name];
  }
  return env;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

function hashOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
