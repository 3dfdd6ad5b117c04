import { describe, expect, it } from 'vitest';
import { landingCost, TRANSFER_LAMBDA_GB } from '#costs/landing-cost.ts';
import { money } from '#costs/money.ts';
import { PRICES } from '#costs/prices.ts';
import { USAGE } from '#costs/usage.ts';
import { settingsSchema } from '#lib/settings/settings.ts';

const MIB = 1_048_576;

describe('the cost of landing a source', () => {
  it('the cost of landing a source is computed with the default memory of Lambdas', () => {
    expect(TRANSFER_LAMBDA_GB * 1_024).toBe(settingsSchema.parse({}).ingest.memoryMiB);
  });

  it('a multipart object costs a PUT for each part, Create and Complete; a small object costs one PUT', () => {
    const requests = (parts: number) =>
      landingCost({ bytes: 1, parts, bytesPerSecond: undefined }).s3Requests - PRICES.s3Read.dollars;
    expect(requests(1) / PRICES.s3Write.dollars).toBeCloseTo(1);
    expect(requests(12_800) / PRICES.s3Write.dollars).toBeCloseTo(12_802);
  });

  it('a slow source costs the time of the source, a fast one the time of the Lambda', () => {
    const lambda = (bytesPerSecond: number | undefined) =>
      landingCost({ bytes: 10_240 * MIB, parts: 1_280, bytesPerSecond }).lambda;
    expect(lambda(MIB)).toBeCloseTo(10_240 * TRANSFER_LAMBDA_GB * PRICES.lambdaGbSecond.dollars, 4);
    expect(lambda(1_000 * MIB)).toBe(lambda(undefined));
    expect(lambda(MIB) / lambda(undefined)).toBeCloseTo(USAGE.lambdaMibASecond, 1);
  });
});

it('the cost of landing a source shows amounts of any size', () => {
  expect([0, 0.000_000_2, 0.0042, 17.9].map(money)).toEqual(['$0', '$0.0000002', '$0.004', '$17.90']);
});
