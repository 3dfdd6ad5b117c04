import { describe, expect, it } from 'vitest';
import { beyondBudget, readBudget } from '#release/bundles/budget.ts';
import { bundleBytes } from '#release/bundles/bundle-bytes.ts';

const BUDGET = { open: { atStart: 1_000, later: 500, packages: { sluice: 900, zod: 600 } } };

describe('the bundles', () => {
  it('the bundles stay within their budgets', { tags: ['heavy'] }, () => {
    const beyond = beyondBudget(readBudget(), bundleBytes());
    expect(beyond, `${beyond.join('\n')}\nWhere that is meant, run: npm run bundles -- --update`).toEqual([]);
  });
});

describe('a budget', () => {
  it('a budget lets a bundle shrink, and grow by two percent', () => {
    expect(beyondBudget(BUDGET, { open: { ...BUDGET.open, atStart: 900, later: 400 } })).toEqual([]);
    expect(beyondBudget(BUDGET, { open: { ...BUDGET.open, atStart: 1_020 } })).toEqual([]);
  });

  it('a budget names a bundle that reads more at a cold start, and what has grown', () => {
    expect(
      beyondBudget(BUDGET, { open: { atStart: 1_300, later: 500, packages: { sluice: 1_150, zod: 650 } } }),
    ).toEqual([
      'The bundle open reads 1,300 bytes at a cold start, and its budget is 1,000 bytes. Most of it: sluice by 250 bytes, zod by 50 bytes.',
    ]);
  });

  it('a budget names a bundle that has grown only in the files that an import() reads', () => {
    expect(beyondBudget(BUDGET, { open: { ...BUDGET.open, later: 600 } })).toEqual([
      'The bundle open has 1,600 bytes, and its budget is 1,500 bytes.',
    ]);
  });

  it('a budget names a package that a bundle did not have before, and a bundle without a budget', () => {
    const packages = { ...BUDGET.open.packages, 'left-pad': 2_500 };
    expect(beyondBudget(BUDGET, { open: { ...BUDGET.open, packages }, slice: BUDGET.open })).toEqual([
      'The bundle open now contains 2,500 bytes of left-pad, which it did not contain before.',
      'The bundle slice has no budget yet.',
    ]);
  });
});
