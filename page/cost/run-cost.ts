import { PRICES, PRICES_READ } from '#costs/prices.ts';
import { BATCH_TRANSITIONS, LARGE_TRANSITIONS, RUN_TRANSITIONS, SLICE_TRANSITIONS } from '#costs/transitions.ts';
import { USAGE } from '#costs/usage.ts';
import { pieceCount } from '#run/end/pieces.ts';
import type { Totals } from '#run/end/totals.ts';
import type { GateRecord } from '#run/ledger/gate-record.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { bytesText, countText } from '#run/quantities.ts';
import type { PricedDeployment } from './priced-deployment.ts';

/** One part of what a run costs. */
export interface CostPart {
  readonly what: string;
  readonly dollars: number;
  /** The quantity that was charged, for a person. */
  readonly quantity: string;
  /** Whether the run's own records contain the quantity, or it is estimated from them. */
  readonly basis: 'measured' | 'estimated';
  /** Where the quantity comes from, a sentence. */
  readonly from: string;
}

/** What a run costs by list prices. */
export interface RunCost {
  readonly parts: readonly CostPart[];
  readonly dollars: number;
  /**
   * For the landed objects and the outputs of processors, for each month that they are kept. Not included in `dollars`.
   */
  readonly dollarsAMonthKept: number;
  readonly prices: typeof PRICES_READ;
}

export interface RunToPrice {
  readonly plan: Pick<PlanSummary, 'items' | 'batches' | 'processed'>;
  readonly totals: Pick<Totals, 'numbers' | 'worked'>;
  readonly gate: Pick<GateRecord, 'looks' | 'samples'>;
  readonly bytes: number;
  /** Until when workers are counted, in milliseconds since 1970. */
  readonly untilMs: number;
}

const MIB = 1_048_576;
/** S3 charges by GB of 1,024³ bytes. */
const GB = 1_073_741_824;
/** Create and Complete of an upload in parts. */
const UPLOAD_REQUESTS = 2;
/** Requests of a look of the gate to S3. */
const LOOK_WRITES = 3;
const LOOK_READS = 2;
/** AWS says that S3's bucket key saves up to 99 of 100 requests to KMS. */
const KMS_SHARE = 0.01;
/** Lambda gives a function of so many GB one processor. */
const GB_A_PROCESSOR = 1_769 / 1_024;
/** Plan, Reconcile, CloseState, SweepState and DoneState. */
const END_CALLS = 5;

/**
 * Computes what a run costs, part by part. Transfers, parts, looks of the gate, and workers are the run's own numbers.
 * Quantities that the run doesn't record, such as requests to S3, are estimated with `costs/usage.ts`.
 */
export function costOfRun(run: RunToPrice, deployment: PricedDeployment): RunCost {
  const { plan, totals, gate, bytes } = run;
  const { numbers } = totals;
  const parts: CostPart[] = [];
  const add = (
    what: string,
    dollars: number,
    [basis, quantity, from]: readonly [CostPart['basis'], quantity: string, from: string],
  ) => {
    if (dollars > 0) parts.push({ what, dollars, basis, quantity, from });
  };
  const whole = (value: number) => Math.round(value).toLocaleString('en');

  const slices = numbers.large === 0 ? 0 : numbers.large + Math.floor(numbers.largeBytes / MIB / deployment.sliceMib);
  const pieces = pieceCount(plan);
  const transitions =
    RUN_TRANSITIONS +
    (pieces > 1 ? pieces : 0) +
    gate.looks +
    plan.batches * BATCH_TRANSITIONS +
    numbers.large * LARGE_TRANSITIONS +
    slices * SLICE_TRANSITIONS;
  add('Step Functions', transitions * PRICES.transition.dollars, [
    'estimated',
    `${whole(transitions)} state transitions`,
    `from ${countText(plan.batches, 'batch', 'batches')} and ${countText(gate.looks, 'look')} of the gate`,
  ]);

  const largeSeconds = Math.max(
    numbers.transferSeconds - numbers.smallTransferSeconds,
    numbers.largeBytes / MIB / USAGE.lambdaMibASecond,
  );
  const atOnce = plan.items > plan.batches ? deployment.sourcesAtOnce : 1;
  const transferSeconds = numbers.smallTransferSeconds / atOnce + largeSeconds;
  add('Lambda: transfers', transferSeconds * deployment.transferGb * PRICES.lambdaGbSecond.dollars, [
    'estimated',
    `${whole(transferSeconds * deployment.transferGb)} GB seconds`,
    `from the ${whole(numbers.transferSeconds)} seconds that transfers took${atOnce > 1 ? `, ${atOnce} at once` : ''}`,
  ]);

  const endSeconds =
    END_CALLS * USAGE.shortCallSeconds +
    plan.items * (USAGE.countSecondsAnItem + (USAGE.endCpuSecondsAnItem * GB_A_PROCESSOR) / deployment.endGb);
  const otherGbSeconds = gate.looks * USAGE.shortCallSeconds * deployment.shortGb + endSeconds * deployment.endGb;
  const calls = plan.batches * (plan.processed > 0 ? 2 : 1) + slices + numbers.large + gate.looks + END_CALLS;
  add(
    'Lambda: gate, plan and end',
    otherGbSeconds * PRICES.lambdaGbSecond.dollars + calls * PRICES.lambdaRequest.dollars,
    [
      'estimated',
      `${whole(otherGbSeconds)} GB seconds, ${whole(calls)} calls`,
      'from the looks and the number of items',
    ],
  );

  const workers = workerHours(run);
  const spot = deployment.spot ? PRICES.fargateSpotShare.dollars : 1;
  const [vcpuHour, gbHour] =
    deployment.architecture === 'arm64'
      ? [PRICES.fargateVcpuHourArm64, PRICES.fargateGbHourArm64]
      : [PRICES.fargateVcpuHourX64, PRICES.fargateGbHourX64];
  const hourDollars = spot * (deployment.workerVcpus * vcpuHour.dollars + deployment.workerGb * gbHour.dollars);
  const minutes = `${(workers.hours * 60).toFixed(1)} worker minutes`;
  add(`Fargate${deployment.spot ? ' Spot' : ''}`, workers.hours * hourDollars, [workers.basis, minutes, workers.from]);
  if (deployment.publicIps) {
    add('public IPv4 of workers', workers.hours * PRICES.publicIpv4Hour.dollars, [
      workers.basis,
      minutes,
      workers.from,
    ]);
  }

  const share = plan.items === 0 ? 0 : 0.5 + plan.processed / plan.items / 2;
  const writes =
    plan.items * USAGE.s3WritesAnItem * share +
    numbers.parts +
    numbers.large * UPLOAD_REQUESTS +
    gate.looks * LOOK_WRITES;
  const reads = plan.items * USAGE.s3ReadsAnItem * share + gate.looks * LOOK_READS;
  add('S3 requests', writes * PRICES.s3Write.dollars + reads * PRICES.s3Read.dollars, [
    'estimated',
    `${whole(writes)} writes, ${whole(reads)} reads`,
    `from ${countText(plan.items, 'item')}, ${countText(numbers.parts, 'part')} and the looks`,
  ]);
  const messages = plan.processed * USAGE.sqsRequestsAnItem + Math.max(0, numbers.deliveries - plan.processed);
  add('SQS', messages * PRICES.sqsRequest.dollars, [
    'estimated',
    `${whole(messages)} requests`,
    `from ${countText(plan.processed, 'message')}, and repeated deliveries`,
  ]);
  const logBytes = plan.items * USAGE.logBytesAnItem * share + calls * USAGE.logBytesACall;
  add('logs taken in', (logBytes / GB) * PRICES.logsGb.dollars, [
    'estimated',
    bytesText(logBytes),
    'from the items and calls',
  ]);
  const traces = 1 + plan.batches;
  add('tracing', traces * PRICES.trace.dollars, ['estimated', `${whole(traces)} traces at most`, 'from the batches']);
  if (deployment.ownKey) {
    const requests = (writes + reads) * KMS_SHARE;
    add('KMS', requests * PRICES.kmsRequest.dollars, [
      'estimated',
      `${whole(requests)} requests`,
      'one for 100 S3 requests',
    ]);
  }
  return {
    parts: parts.toSorted((one, other) => other.dollars - one.dollars),
    dollars: parts.reduce((sum, { dollars }) => sum + dollars, 0),
    dollarsAMonthKept: ((bytes + numbers.outputBytes) / GB) * PRICES.s3GbMonth.dollars,
    prices: PRICES_READ,
  };
}

/**
 * How many hours workers ran, according to the gate's looks; if no look found any worker, according to the times of the
 * work.
 */
function workerHours({ gate: { samples }, totals: { worked }, untilMs }: RunToPrice): {
  readonly hours: number;
  readonly basis: CostPart['basis'];
  readonly from: string;
} {
  let milliseconds = 0;
  for (const [index, { at, workers }] of samples.entries()) {
    const next = samples[index + 1];
    milliseconds += workers * Math.max(0, (next === undefined ? untilMs : Date.parse(next.at)) - Date.parse(at));
  }
  const startMs = USAGE.workerStartSeconds * 1_000;
  const [first] = samples;
  if (first !== undefined && first.workers > 0 && worked !== null) {
    milliseconds += first.workers * (Math.max(0, Date.parse(first.at) - worked.from) + startMs);
  }
  if (milliseconds > 0 || worked === null) {
    return {
      hours: milliseconds / 3_600_000,
      basis: 'measured',
      from: `from the workers that ran at ${countText(samples.length, 'look')} of the gate, and ${USAGE.workerStartSeconds} s for a start`,
    };
  }
  return {
    hours: (worked.to - worked.from + startMs) / 3_600_000,
    basis: 'estimated',
    from: `for one worker, from the start of the first item’s work to the end of the last item’s, and ${USAGE.workerStartSeconds} s for its start`,
  };
}
