// Installs what the local run needs if it is missing: the npm packages, and a Python environment with the embedded AWS.
// This is plain JavaScript without dependencies, because it runs before there are any, on the machine's own Node (20 or
// newer). The scripts of package.json call it themselves, because npm skips a "prestart" if it ignores scripts. They
// name the Node 24 by its path, because yarn puts another Node first on the PATH.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
const STATE = join(REPOSITORY, '.sluice');
const VENV = join(STATE, 'venv');
const REQUIREMENTS = join(REPOSITORY, 'local/embedded/requirements.txt');
const LOCK = join(REPOSITORY, 'package-lock.json');
const PACKAGES_STAMP = join(REPOSITORY, 'node_modules/.sluice-lock');
const PYTHON_STAMP = join(VENV, 'sluice-requirements');
/** The Node of the scripts. The install script of the package `node` puts it there. */
const NODE = join(REPOSITORY, 'node_modules/node/bin/node');
/** The file with the process id of the process that is installing in this clone. */
const INSTALLING = join(STATE, 'installing');
/** The time limit for one command: the packages take a minute or two, and ten on a slow connection. */
const LIMIT_MS = 20 * 60_000;
const OLDEST_NODE = 20;
const OLDEST_PYTHON = [3, 10];

try {
  checkNode();
  checkPlatform();
  if (!packagesAreWhole() || !pythonIsWhole()) {
    alone(() => {
      // Another process may have installed them meanwhile.
      if (!packagesAreWhole()) installPackages();
      if (!pythonIsWhole()) installPython();
    });
  }
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

/**
 * Does work that only one process of a clone may do at a time: two `npm ci` break each other's node_modules. If another
 * process is doing it, this waits. A lock whose process has ended, or that is too old, is taken over.
 */
function alone(work) {
  mkdirSync(STATE, { recursive: true });
  const giveUpMs = Date.now() + 2 * LIMIT_MS;
  let said = false;
  while (!take()) {
    const holder = readIfThere(INSTALLING);
    if (holder !== undefined && isLeftOver(holder)) {
      dropLeftOver(holder);
      continue;
    }
    if (!said) say(`Another process (${holder}) is installing in this clone. Waiting for it.`);
    said = true;
    if (Date.now() > giveUpMs) {
      throw new Error(
        `Process ${holder} has been installing for too long. If you did not start it, remove ${INSTALLING}.`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    work();
  } finally {
    rmSync(INSTALLING, { force: true });
  }
}

function take() {
  try {
    writeFileSync(INSTALLING, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isLeftOver(holder) {
  try {
    if (Date.now() - statSync(INSTALLING).mtimeMs > 2 * LIMIT_MS) return true;
    // The file is empty for a moment after it is created.
    if (holder !== '') process.kill(Number(holder), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/**
 * It renames before it removes: if two processes see the same old lock, the second one finds the new lock of the other.
 */
function dropLeftOver(holder) {
  const mine = `${INSTALLING}.${process.pid}`;
  try {
    renameSync(INSTALLING, mine);
    if (readFileSync(mine, 'utf8') !== holder) renameSync(mine, INSTALLING);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  rmSync(mine, { force: true });
}

function packagesAreWhole() {
  return readIfThere(PACKAGES_STAMP) === hashOf(LOCK) && existsSync(NODE);
}

/**
 * Runs `npm ci`, unless node_modules already matches package-lock.json. The stamp is written last, when everything is
 * installed.
 */
function installPackages() {
  rmSync(PACKAGES_STAMP, { force: true });
  // A person may have run npm ci or npm install, which is as good.
  if (!installedMatchesLock()) {
    say('Installing the npm packages of package-lock.json (npm ci)');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm could not install the packages.');
  }
  if (!existsSync(NODE)) installNode();
  writeFileSync(PACKAGES_STAMP, hashOf(LOCK));
}

/**
 * If npm is set to ignore install scripts, this runs the script of the package `node`, which package.json allows by
 * name.
 */
function installNode() {
  const help = 'Run "npm rebuild node --ignore-scripts=false", or remove node_modules, and try again.';
  say('Installing the Node 24 of the scripts (npm rebuild node)');
  run('npm', ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error'], `npm could not install it. ${help}`);
  if (!existsSync(NODE)) throw new Error(`The Node 24 of the package "node" is not in node_modules. ${help}`);
}

/** Compares package-lock.json with npm's own lock file of the installed packages. */
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

function pythonIsWhole() {
  // existsSync follows the link: if Python was removed or updated, a new environment is needed.
  return readIfThere(PYTHON_STAMP) === hashOf(REQUIREMENTS) && existsSync(join(VENV, 'bin/python'));
}

/**
 * Creates a virtual environment with exactly the requirements. It is created again if the requirements or its Python
 * have changed.
 */
function installPython() {
  const python = join(VENV, 'bin/python');
  const found = findPython();
  say(`Installing the embedded AWS into .sluice/venv (Python ${found.version})`);
  rmSync(VENV, { recursive: true, force: true });
  mkdirSync(STATE, { recursive: true });
  run(
    found.command,
    ['-m', 'venv', VENV],
    'Python could not make a virtual environment. On Debian and Ubuntu this needs another package: apt install python3-venv',
  );
  run(
    python,
    // Only wheels whose hashes the list contains, so that no code of a package runs during the installation.
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--require-hashes',
      '--only-binary=:all:',
      '--requirement',
      REQUIREMENTS,
    ],
    'pip could not install the embedded AWS.',
  );
  writeFileSync(PYTHON_STAMP, hashOf(REQUIREMENTS));
}

/** Returns the first Python that is new enough, so that an old `python3` on the PATH doesn't hide a newer one. */
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
  const found = seen.length === 0 ? 'no python3 is on the PATH' : seen.join(', ');
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
 * Returns the person's environment without variables that would change what Python installs, and where. Variables for a
 * registry or a proxy stay.
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
