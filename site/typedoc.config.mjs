/** The API pages of the npm package, as HTML beside the site. `npm run docs` builds both. */
export default {
  name: 'Sluice',
  entryPoints: ['../transfer/index.ts', '../processors/contract/index.ts', '../lib/index.ts'],
  tsconfig: '../tsconfig.json',
  out: '../.sluice/site/api',
  plugin: ['./typedoc-plugin.ts'],
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  disableSources: true,
  sort: ['kind', 'alphabetical'],
  // A public thing without a comment fails the build. So does a link to nothing.
  validation: { notDocumented: true, invalidLink: true, notExported: true },
  treatWarningsAsErrors: true,
  // Only our own code makes these: the constructor of RangedTransfer takes the one, and a parameter of its uploadSlice
  // is the other.
  intentionallyNotExported: ['Context', 'FirstPart'],
};
