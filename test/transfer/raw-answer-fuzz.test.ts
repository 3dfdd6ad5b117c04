// @module-tag heavy

import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzzAnswers } from '#test/helpers/fuzz/fuzz-answers.ts';
import { type Landing, startLanding } from '#test/helpers/landing.ts';

/** One seed again: SLUICE_TEST_SEED=123456, with SLUICE_TEST_SEQUENCES=1. */
const FIRST_SEED = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 2 ** 31);
const COUNT = Number(process.env.SLUICE_TEST_SEQUENCES ?? 300);

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it(`the engine ends ${COUNT} transfers from random answers, with aborts, and none reaches the process: from seed ${FIRST_SEED}`, async () => {
  const { landed, failed, aborted } = await fuzzAnswers(landing, FIRST_SEED, COUNT);
  console.log(`first seed ${FIRST_SEED}: ${landed} landed, ${failed} failed by a named error, ${aborted} aborted`);
  // A generator whose answers are all right, or all wrong, would test nothing.
  if (COUNT >= 100) for (const share of [landed, failed, aborted]) expect(share).toBeGreaterThan(COUNT / 20);
});
