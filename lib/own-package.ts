import { readFileSync } from 'node:fs';

/** The package.json of this repository, or of the npm package. */
export const ownPackage = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};
