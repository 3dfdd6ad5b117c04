import { defineConfig } from 'vitest/config';

/** Every fault there is, in every way of reading, 500 sequences of them, and a kill between any two steps. */
const heavyOnTransfer = ['test/transfer/faults/**', 'test/transfer/kill.test.ts'];

/** A wait ends when what it waits for has come. vitest gives it one second, which a busy machine takes to start a process. */
const patient = { poll: { timeout: 20_000 } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          expect: patient,
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/chaos/**', ...heavyOnTransfer],
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          expect: patient,
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          // One deploy for all of them; two cores don't carry two.
          fileParallelism: false,
        },
      },
      {
        test: {
          // The engine against a real S3 server where one is installed, else the embedded one: heavy, and of its own.
          name: 's3',
          expect: patient,
          include: ['test/transfer/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'chaos',
          expect: patient,
          include: ['test/chaos/**/*.test.ts'],
          globalSetup: ['test/chaos/global-setup.ts'],
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
