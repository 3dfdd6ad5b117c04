import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { home, notPages, REPOSITORY, sidebar } from '../pages.ts';
import { anchor, copyLinkedFiles, repositoryLinks } from '../repository-links.ts';

/** The site of the Markdown files that are read in the repository too. `npm run docs` builds it. */
export default defineConfig({
  title: 'Sluice',
  description: 'A serverless data pipeline on AWS',
  lang: 'en',
  srcDir: REPOSITORY,
  srcExclude: notPages(),
  rewrites: home,
  outDir: join(REPOSITORY, '.sluice/site'),
  cacheDir: join(REPOSITORY, '.sluice/site-cache'),
  // Links are relative, so the site can be served from any folder.
  base: './',
  markdown: { config: repositoryLinks, anchor: { slugify: anchor } },
  buildEnd: ({ outDir }) => copyLinkedFiles(outDir),
  themeConfig: {
    nav: [
      { text: 'Settings', link: '/docs/settings' },
      { text: 'Errors', link: '/docs/errors' },
      // Made by TypeDoc after this site: see typedoc.config.mjs.
      { text: 'API', link: '/api/index.html', target: '_blank' },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
  },
});
