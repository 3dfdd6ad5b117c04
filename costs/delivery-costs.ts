import { money } from './money.ts';
import type { CostLine } from './monthly-costs.ts';
import { PRICES, PRICES_READ } from './prices.ts';

/** How often a pipeline runs, and for whom. */
interface DeliveryLoad {
  readonly pushes: number;
  readonly stages: number;
  /** Whether a stage is in another account than the pipeline. */
  readonly isAcross: boolean;
}

/** The example of the page. */
const LOAD: DeliveryLoad = { pushes: 20, stages: 2, isAcross: true };

/**
 * Minutes of a push. Estimates, all of them: `npm test` took 9 min 37 s on two idle cores, and CodeBuild has to start
 * and to install. The pipeline's history shows those of an account.
 */
const MINUTES = { source: 1, build: 14, update: 2, assets: 3, deploy: 6, smoke: 6 } as const;
/** A worker of the default size, from the start of its task to its end. Also an estimate. */
const WORKER_HOURS = 4 / 60;
/** An assembly was 28 MB when packed, and the source 2 MB. What npm and pip download is an estimate. */
const ARTIFACT_GB = 0.03;
const CACHE_GB = 0.5;

/** What a delivery costs a month, line by line. */
export function deliveryCosts({ pushes, stages, isAcross }: DeliveryLoad): CostLine[] {
  const perStage = stages * pushes;
  const actions =
    pushes * (MINUTES.source + MINUTES.build + MINUTES.update + MINUTES.assets) +
    perStage * (MINUTES.deploy + MINUTES.smoke);
  const small = pushes * (MINUTES.update + MINUTES.assets) + perStage * MINUTES.smoke;
  const worker = PRICES.fargateVcpuHourArm64.dollars + 2 * PRICES.fargateGbHourArm64.dollars;
  return [
    { what: `CodePipeline, ${actions} minutes of actions`, dollars: actions * PRICES.codePipelineMinute.dollars },
    {
      what: `CodeBuild, ${pushes * MINUTES.build} minutes of builds with tests`,
      dollars: pushes * MINUTES.build * PRICES.codeBuildMediumMinute.dollars,
    },
    {
      what: `CodeBuild, ${small} minutes of updates, assets and smoke runs`,
      dollars: small * PRICES.codeBuildSmallMinute.dollars,
    },
    { what: 'workers of the smoke runs, without Spot', dollars: perStage * WORKER_HOURS * worker },
    {
      what: 'S3: artifacts of 30 days, and the cache',
      dollars: (pushes * ARTIFACT_GB + CACHE_GB) * PRICES.s3GbMonth.dollars,
    },
    { what: 'KMS key, only with stages in several accounts', dollars: isAcross ? PRICES.kmsKeyMonth.dollars : 0 },
  ];
}

/** The part of docs/delivery.md. */
export function deliveryCostsPart(): string {
  const lines = deliveryCosts(LOAD);
  const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
  return `
By list prices of ${PRICES_READ.region}, read on ${PRICES_READ.on}, without free tiers, for ${LOAD.pushes} pushes a month and ${LOAD.stages} stages in two accounts:

| a month | dollars |
|---|---:|
${lines.map(({ what, dollars }) => `| ${what} | ${money(dollars)} |`).join('\n')}
| **total** | **${money(total)}** |

The minutes are estimates for one push: ${MINUTES.build} for the build with all tests, ${MINUTES.source + MINUTES.update + MINUTES.assets} for source, update and assets, and in each stage ${MINUTES.deploy} for the deploy and
${MINUTES.smoke} for the smoke run. The history of your pipeline shows your own minutes. The largest part is the tests: a shorter command in \`delivery.test\` makes
a push cheaper. A month without a push costs the storage, and the KMS key if there is one.

`;
}
