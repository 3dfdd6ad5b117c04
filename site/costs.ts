/**
 * `npm run costs`: computes what a deployment costs a month, from the template that its settings make. It takes `-c`
 * like `cdk`. With `--write`, it writes docs/costs.md and the README's part for the default settings.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COSTS_PART, costsPage, costsTable, readmeCosts } from '#costs/costs-page.ts';
import { deliveryCostsPart } from '#costs/delivery-costs.ts';
import { type DeploymentSize, readDeployment } from '#costs/deployment.ts';
import { scriptOptions } from '#local/script-options.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SYNTH_SECONDS = 300;

const { values } = scriptOptions({
  command: 'npm run costs --',
  about: 'Computes what three loads cost in a month with your settings, from the synthesised template.',
  options: {
    context: {
      type: 'string',
      short: 'c',
      multiple: true,
      takes: 'sluice.NAME=VALUE',
      what: 'a setting, in the format of cdk',
    },
    write: { type: 'boolean', what: 'write docs/costs.md and the paragraph of README.md' },
  },
});
const size = synthesised(values.context ?? []);
if (size === undefined) process.exitCode = 1;
else if (values.write) write(size);
else console.log(costsTable(size));

/** Undefined if `cdk synth` has failed; it has printed the reason. */
function synthesised(context: readonly string[]): DeploymentSize | undefined {
  const output = mkdtempSync(join(tmpdir(), 'sluice-costs-'));
  try {
    const cdk = spawnSync(
      process.execPath,
      [
        join(ROOT, 'node_modules/aws-cdk/bin/cdk'),
        ...['synth', '--quiet', '--no-notices', '--output', output],
        ...context.flatMap((one) => ['-c', one]),
      ],
      { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'], timeout: SYNTH_SECONDS * 1_000 },
    );
    if (cdk.status !== 0) return undefined;
    // With the setting `delivery` there are others, without the outputs of the app.
    const templates = globSync(join(output, '*.template.json')).map((file) => JSON.parse(readFileSync(file, 'utf8')));
    const app = templates.find(({ Outputs }) => Outputs?.StateMachineArn !== undefined);
    return app === undefined ? undefined : readDeployment(app);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

function write(size: DeploymentSize): void {
  writeFileSync(join(ROOT, 'docs/costs.md'), costsPage(size));
  for (const [page, part] of [
    ['README.md', readmeCosts(size)],
    ['docs/delivery.md', deliveryCostsPart()],
  ] as const) {
    const file = join(ROOT, page);
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(COSTS_PART, () => part),
    );
  }
}
