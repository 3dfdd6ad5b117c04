import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { transformSync } from 'esbuild';
import ts from 'typescript';
import { PUBLIC_ENTRIES, packageManifest } from './package-manifest.ts';

/** The folders in the package. Tests, benchmarks and the local run are not included. */
const ROOMS = [
  'net',
  'transfer',
  'run',
  'warehouse',
  'processors',
  'page',
  'stepfunctions',
  'lambdas',
  'worker',
  'lib',
  'cli',
  'costs',
];
/** Files other than TypeScript that the code imports, reads or bundles. */
const OTHER_FILES = /\.(js|cjs|json)$/;
const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs'];
/** The oldest Node on which the engine runs. esbuild compiles syntax that this Node can't parse. */
const TARGET = 'node20';

/** A source can't be compiled for the package: TypeScript's own messages, one on each line. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

/**
 * Writes the npm package: each module as JavaScript with its types, and a package.json. Users' Node and bundlers can't
 * strip the types of TypeScript in `node_modules`.
 *
 * @param repository the folder of the sources.
 * @param folder receives the package; its old content is removed.
 * @throws PackageError if TypeScript can't write the types, or an import of a TypeScript file is left.
 */
export function buildPackage(repository: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const sources = ROOMS.flatMap((room) => filesIn(join(repository, room)));
  for (const file of sources.filter((name) => /(?<!\.d)\.ts$/.test(name))) {
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      loader: 'ts',
      format: 'esm',
      target: TARGET,
      sourcefile: relative(repository, file),
    });
    write(compiledName(file), code);
  }
  for (const file of sources.filter((name) => OTHER_FILES.test(name))) write(file, readFileSync(file));
  for (const [name, text] of declarations(repository)) write(name, text);
  for (const name of DOCUMENTS) {
    if (existsSync(join(repository, name))) cpSync(join(repository, name), join(folder, name), { recursive: true });
  }
  write(join(repository, 'package.json'), `${JSON.stringify(packageManifest(repository), null, 2)}\n`);

  function write(file: string, content: string | Buffer): void {
    const name = relative(repository, file);
    const target = join(folder, name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, /\.(js|d\.ts)$/.test(name) ? withCompiledImports(String(content), name) : content);
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'));
}

const compiledName = (file: string): string => file.replace(/\.ts$/, '.js');

/** The types of everything that a public entry imports, by file. */
function declarations(repository: string): Map<string, string> {
  const found = new Map<string, string>();
  const { config } = ts.readConfigFile(join(repository, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, repository);
  const ambient = ROOMS.flatMap((room) => filesIn(join(repository, room))).filter((file) => file.endsWith('.d.ts'));
  const program = ts.createProgram({
    // With the declarations of modules that have no types of their own.
    rootNames: [...Object.values(PUBLIC_ENTRIES).map((entry) => join(repository, entry)), ...ambient],
    options: { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, stripInternal: true },
  });
  const { diagnostics } = program.emit(undefined, (name, text) => found.set(name, text));
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    throw new PackageError(
      ts.formatDiagnostics(problems, {
        getCurrentDirectory: () => repository,
        getCanonicalFileName: (name) => name,
        getNewLine: () => '\n',
      }),
    );
  }
  return found;
}

/**
 * Changes imports to name compiled files instead of TypeScript, and paths instead of the aliases of package.json:
 * bundlers and older TypeScript don't read the aliases of a package in `node_modules`.
 */
function withCompiledImports(text: string, name: string): string {
  const compiled = text.replaceAll(
    /(\bfrom |\bimport\(|\bimport )(["'])((?:\.{1,2}\/|#)[^"']+)\.ts\2/g,
    (_, keyword: string, quote: string, path: string) =>
      `${keyword}${quote}${path.startsWith('#') ? pathOfAlias(path, name) : path}.js${quote}`,
  );
  const left = /(?:\bfrom |\bimport\(|\bimport )["'](?:#|[^"']*\.ts["'])[^"']*/.exec(compiled);
  if (left !== null) throw new PackageError(`${name} still has an import that users can't resolve: ${left[0]}`);
  return compiled;
}

function pathOfAlias(alias: string, from: string): string {
  const path = relative(dirname(from), alias.slice(1)).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}
