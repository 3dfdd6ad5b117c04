import { pieceCount } from '#run/end/pieces.ts';
import { LARGE_BYTES } from '#run/end/totals.ts';
import type { DeploymentSize } from './deployment.ts';
import type { Load } from './loads.ts';
import { PRICES } from './prices.ts';
import { BATCH_TRANSITIONS, LARGE_TRANSITIONS, RUN_TRANSITIONS, SLICE_TRANSITIONS } from './transitions.ts';
import { USAGE } from './usage.ts';

/** One line of the bill: what it is for, and the dollars a month. */
export interface CostLine {
  readonly what: string;
  readonly dollars: number;
}

const GIB_MIB = 1_024;
/** S3 charges by GB of 1,024³ bytes. */
const GB = 1_073_741_824;
/** Up to this many items, each has its own batch (lambdas/plan/plan.ts). */
const SHORT_RUN_ITEMS = 100;
/** Lambda gives a function of so many GB one processor. */
const GB_A_PROCESSOR = 1_769 / 1_024;
/** The number of parts of a large object. Parts grow with the object, because S3 accepts at most 10,000. */
const partsOf = (mib: number) => Math.ceil(mib / Math.max(5, mib / 10_000));
const LARGE_MIB = LARGE_BYTES / 1_048_576;
/** An old version is removed at the midnight (UTC) after its days have passed: 19.5 hours later for a run at 04:30. */
const MIDNIGHT_DAYS = 19.5 / 24;
/** Of a month. */
const HOURS = 30 * 24;
/** Every 15 minutes (lib/monitoring/alerts.ts). */
const WATCH_CALLS = HOURS * 4;
/** AWS says that S3's bucket key saves up to 99 of 100 requests to KMS. */
const KMS_SHARE = 0.01;

/** Computes what a load costs a month on a deployment, line by line, with the lines that cost nothing. */
export function monthlyCosts(size: DeploymentSize, load: Load): CostLine[] {
  const { runs, items, mibAnItem } = load;
  const mib = items * mibAnItem;
  const isLarge = mibAnItem > LARGE_MIB;
  const batches = items <= SHORT_RUN_ITEMS ? items : Math.ceil(items / size.sourcesPerBatch);
  const slices = isLarge ? Math.ceil(mibAnItem / size.sliceMib) * items : 0;

  const workSeconds = load.processed ? items * USAGE.workerSecondsAnItem + mib * USAGE.workerSecondsAMib : 0;
  const workers = load.processed ? Math.min(size.maxWorkers, Math.ceil(items / size.itemsPerWorker)) : 0;
  const workerHours = (workSeconds + workers * (USAGE.workerStartSeconds + size.idleSeconds)) / 3_600;
  const waitSeconds = workers === 0 ? 0 : workSeconds / workers + USAGE.workerStartSeconds;
  const looks = 1 + Math.min(size.gateAttempts, Math.ceil(waitSeconds / size.gateIntervalSeconds));

  const pieces = pieceCount({ items, batches });
  const listCalls = pieces > 1 ? pieces : 0;
  const transitions =
    RUN_TRANSITIONS +
    listCalls +
    looks +
    batches * BATCH_TRANSITIONS +
    (isLarge ? items * LARGE_TRANSITIONS + slices * SLICE_TRANSITIONS : 0);
  const transferSeconds = Math.max(mib / USAGE.lambdaMibASecond, items / USAGE.smallFilesASecond);
  const openCalls = batches + slices + (isLarge ? items : 0);
  const lookSeconds = looks * USAGE.shortCallSeconds;
  const ends = ['plan', 'reconcile', 'close-run', 'sweep'];
  const endSeconds = USAGE.shortCallSeconds + (items * USAGE.countSecondsAnItem) / ends.length;
  const writer = size.functionGb(listCalls > 0 ? 'list-items' : 'done');
  const writeSeconds = (items * USAGE.endCpuSecondsAnItem * GB_A_PROCESSOR) / Math.min(writer, GB_A_PROCESSOR);
  const gbSeconds =
    (transferSeconds + batches * 0.1) * size.functionGb('open') +
    lookSeconds * size.functionGb('gatekeeper') +
    ends.reduce((sum, name) => sum + endSeconds * size.functionGb(name), 0) +
    writeSeconds * writer +
    USAGE.shortCallSeconds * size.functionGb('done');
  const calls = openCalls + looks + ends.length + 1 + listCalls + (load.processed ? batches : 0);

  const parts = isLarge ? items * (partsOf(mibAnItem) + 2) : 0;
  const share = load.processed ? 1 : 0.5;
  const writes = items * USAGE.s3WritesAnItem * share + parts + looks * 3;
  const reads = items * USAGE.s3ReadsAnItem * share + looks * 2;

  const spot = size.spot ? PRICES.fargateSpotShare.dollars : 1;
  const [vcpuHour, gbHour] =
    size.architecture === 'arm64'
      ? [PRICES.fargateVcpuHourArm64, PRICES.fargateGbHourArm64]
      : [PRICES.fargateVcpuHourX64, PRICES.fargateGbHourX64];

  // Functions and workers send metrics when they end: in the hours of the run, and in the next hour.
  const runHours = 1 + Math.ceil(transferSeconds / 3_600);
  const gib = mib / GIB_MIB;
  const oldCopies = load.overwrites ? Math.min(runs, size.oldVersionDays + MIDNIGHT_DAYS) : 0;
  const keptGib = load.overwrites ? gib : gib * runs;
  const recordsGb = (runs * items * USAGE.recordBytesAnItem * (size.runDays / 30)) / GB;
  const logsGb = (runs * (items * USAGE.logBytesAnItem * share + calls * USAGE.logBytesACall)) / GB;
  const traces = size.traced ? 1 + batches : 0;
  const kmsRequests = size.key === 'service' ? 0 : runs * (writes + reads) * KMS_SHARE;

  const line = (what: string, dollars: number): CostLine => ({ what, dollars });
  return [
    line('Step Functions', runs * transitions * PRICES.transition.dollars),
    line('Lambda', runs * (gbSeconds * PRICES.lambdaGbSecond.dollars + calls * PRICES.lambdaRequest.dollars)),
    line(
      `Fargate${size.spot ? ' Spot' : ''}`,
      runs * workerHours * spot * (size.vcpus * vcpuHour.dollars + size.workerGb * gbHour.dollars),
    ),
    line('public IPv4 of workers', size.publicIps ? runs * workerHours * PRICES.publicIpv4Hour.dollars : 0),
    line('S3 requests', runs * (writes * PRICES.s3Write.dollars + reads * PRICES.s3Read.dollars)),
    line('SQS', load.processed ? runs * items * USAGE.sqsRequestsAnItem * PRICES.sqsRequest.dollars : 0),
    line('logs taken in', logsGb * PRICES.logsGb.dollars),
    line('logs kept', logsGb * (size.logDays / 30) * PRICES.logsGbMonth.dollars),
    line('tracing', runs * traces * PRICES.trace.dollars),
    line(
      'alerts',
      size.alarms * PRICES.alarmMonth.dollars +
        (size.watchGb === 0
          ? 0
          : WATCH_CALLS *
            (USAGE.shortCallSeconds * size.watchGb * PRICES.lambdaGbSecond.dollars + PRICES.lambdaRequest.dollars)),
    ),
    line('metrics', (size.metrics * PRICES.metricMonth.dollars * Math.min(HOURS, runs * runHours)) / HOURS),
    line('dashboard', size.dashboards * PRICES.dashboardMonth.dollars),
    line('KMS', (size.key === 'own' ? PRICES.kmsKeyMonth.dollars : 0) + kmsRequests * PRICES.kmsRequest.dollars),
    line('records of runs kept', recordsGb * PRICES.s3GbMonth.dollars),
    line('old versions kept', oldCopies * gib * PRICES.s3GbMonth.dollars),
    line('objects of a month kept', keptGib * PRICES.s3GbMonth.dollars),
  ];
}

export function totalOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}
