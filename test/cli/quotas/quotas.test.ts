import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quotasOf } from '#cli/quotas/quotas.ts';
import { QUOTAS_PAGE, quotasPage } from '#cli/quotas/quotas-page.ts';
import { settingsSchema } from '#lib/settings/settings.ts';

describe('docs/quotas.md', () => {
  it('docs/quotas.md agrees with the list; `node cli/quotas/quotas-page.ts` writes it', () => {
    expect(readFileSync(QUOTAS_PAGE, 'utf8')).toBe(quotasPage());
  });
});

describe('the quotas', () => {
  it('the quotas are those of the default settings unless the deployment differs', () => {
    const { workers, ingest, network } = settingsSchema.parse({});
    expect(quotasOf()).toEqual(
      quotasOf({
        maxWorkers: workers.max,
        workerVcpus: workers.cpu / 1_024,
        spot: workers.spot,
        maxLambdas: ingest.maxLambdas,
        ownVpc: network.vpcId === undefined,
      }),
    );
  });

  it('the quotas depend on the needs of the deployment', () => {
    const neededOf = (needs: Parameters<typeof quotasOf>[0]) =>
      Object.fromEntries(quotasOf(needs).map(({ name, needed }) => [name, needed]));
    expect(neededOf({ maxWorkers: 10, workerVcpus: 2, spot: false, ownVpc: false, maxLambdas: 40 })).toEqual({
      'Concurrent executions': 42,
      'Fargate On-Demand vCPU resource count': 20,
    });
    expect(neededOf({})).toMatchObject({ 'VPCs per Region': 1, 'Fargate Spot vCPU resource count': 4 });
  });

  it('each quota can be requested, with its own code', () => {
    const codes = quotasOf().map(({ serviceCode, quotaCode }) => `${serviceCode} ${quotaCode}`);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^[a-z]+ L-[0-9A-F]{8}$/);
  });
});
