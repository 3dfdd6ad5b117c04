// @module-tag heavy
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

it('the synth of a build fails if the VPC of a stage can not be looked up', () => {
  // A folder of its own, because the CDK writes what it has looked up beside cdk.json.
  const folder = mkdtempSync(join(tmpdir(), 'sluice-synth-of-stages-'));
  try {
    const stage = {
      name: 'production',
      account: '222222222222',
      region: 'eu-central-1',
      settings: { network: { vpcId: 'vpc-0123456789abcdef0' } },
    };
    const { context } = read('cdk.json');
    context.sluice = { delivery: { source: 'github-actions', repository: 'acme/sluice', stages: [stage] } };
    writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app: `node ${join(ROOT, 'bin/sluice.ts')}`, context }));
    const { status, stdout, stderr } = spawnSync('sh', ['-c', read('package.json').scripts.synth], {
      cwd: folder,
      encoding: 'utf8',
      // As in a build without credentials.
      env: {
        PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
        HOME: folder,
        AWS_EC2_METADATA_DISABLED: 'true',
        CDK_VALIDATION: 'false',
      },
      timeout: 580_000,
    });
    expect(stdout + stderr).toMatch(/AWS calls for account 222222222222, but no credentials.*production\/Sluice/s);
    expect(status).toBe(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
