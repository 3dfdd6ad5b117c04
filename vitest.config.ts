import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type Plugin, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * One run of vitest holds all projects, and their files share its workers. `npm test` leaves out what is tagged heavy
 * and the chaos project; `.ci/run` runs everything.
 */

/** Tests of the CDK app. They load the CDK, which takes a second, once in each worker. */
const CDK = ['test/lib/**/*.test.ts', 'test/costs/**/*.test.ts', 'test/stepfunctions/**/*.test.ts'];

/**
 * A wait ends when what it waits for has come. vitest gives it one second. At a load of 30 on two cores, a worker takes
 * a minute to start.
 */
const expect = { poll: { timeout: 180_000 } };

/** The limits are for a test that hangs. They are far above what a test takes, since the machine may be busy. */
const project = (name: string, more: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, testTimeout: 300_000, hookTimeout: 300_000, expect, ...more },
});

/** What takes longest comes first, because it mostly waits while the others compute. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) => {
      if (/(by-turns|impatient)\.test\.ts$/.test(moduleId)) return 0;
      return { deploys: 1, e2e: 2 }[project.name] ?? 3;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

const ENGINE = join(import.meta.dirname, 'transfer');
const isSmallS3 = process.env.SLUICE_TEST_S3_CLIENT === 'small';
/** How the engine works with the SDK's own client. */
const OF_THE_SDK = ['test/transfer/s3/{call-signer,dead-connections,one-attempt,part-list}.test.ts'];

/**
 * With `SLUICE_TEST_S3_CLIENT=small`, the engine in the tests has the small client of S3, as in the bundles of the
 * functions that transfer; the tests themselves keep the SDK's.
 */
const smallS3: Plugin = {
  name: 'small-s3',
  enforce: 'pre',
  resolveId(source, importer) {
    if (source !== '@aws-sdk/client-s3' || !isSmallS3) return null;
    return importer?.startsWith(ENGINE) ? join(ENGINE, 's3/small/index.ts') : null;
  },
};

/** The entries of the npm package, as the examples import them. */
const PACKAGE = {
  'sluice/processors': join(import.meta.dirname, 'processors/contract/index.ts'),
};

/**
 * `npm test` leaves out the tests that are tagged heavy, and vitest would still load their files. A file in which all
 * tests are heavy is left out whole, because loading it can take seconds: some start a deployment.
 */
const withoutHeavyFiles: Plugin = {
  name: 'without-heavy-files',
  configureVitest({ vitest, project }) {
    if (vitest.config.tagsFilter?.includes('!heavy') !== true) return;
    const { root } = project.config;
    const heavy = globSync('test/**/*.test.ts', { cwd: root }).filter((file) =>
      readFileSync(join(root, file), 'utf8').startsWith('// @module-tag heavy\n'),
    );
    project.config.exclude.push(...heavy);
  },
};

export default defineConfig({
  plugins: [smallS3, withoutHeavyFiles],
  resolve: { alias: PACKAGE },
  test: {
    // What is kept of a module holds where its imports lead.
    ...(isSmallS3 && { fsModuleCachePath: 'node_modules/.vitest-cache/small-s3' }),
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/helpers/setup/temporary-folder.ts'],
    // A busy machine takes long to end a process.
    teardownTimeout: 120_000,
    // Tests wait for servers, timers and processes more than they compute.
    maxWorkers: 4 + availableParallelism(),
    tags: [
      {
        name: 'heavy',
        description: 'Takes seconds of CPU: attack corpora, large files, many random sequences. Left out of npm test.',
        timeout: 600_000,
      },
    ],
    projects: [
      project('unit', {
        // The files of a process share its modules: loading them anew for each file takes a quarter of the CPU time.
        isolate: false,
        include: ['test/**/*.test.ts', 'examples/*/*.test.ts'],
        exclude: [
          ...CDK,
          ...(isSmallS3 ? OF_THE_SDK : []),
          'test/e2e/**',
          'test/chaos/**',
          'test/deploys/**',
          'test/grants/**',
        ],
        globalSetup: ['test/helpers/setup/embedded-aws.ts'],
      }),
      project('cdk', { include: CDK, isolate: false }),
      project('e2e', {
        isolate: false,
        // Runs mostly wait, and a file may have a dozen at the same time.
        maxConcurrency: 20,
        include: ['test/e2e/**/*.test.ts'],
        globalSetup: ['test/e2e/global-setup.ts'],
        testTimeout: 420_000,
        expect: { poll: { timeout: 300_000 } },
      }),
      project('deploys', {
        // Each deploys for itself, several times.
        include: ['test/deploys/**/*.test.ts'],
        testTimeout: 600_000,
        hookTimeout: 600_000,
      }),
      project('grants', {
        include: ['test/grants/**/*.test.ts'],
        // It looks back on what the end-to-end tests have asked for.
        sequence: { groupOrder: 1 },
      }),
      project('chaos', {
        include: ['test/chaos/**/*.test.ts'],
        globalSetup: ['test/chaos/global-setup.ts'],
      }),
    ],
  },
});
