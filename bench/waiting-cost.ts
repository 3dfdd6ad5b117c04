/**
 * `node bench/waiting-cost.ts --hours 10`: state transitions, history events and list prices of a wait, computed from
 * the synthesised state machine, next to other ways to wait. Prices are those of `costs/prices.ts`.
 */

import { PRICES } from '#costs/prices.ts';
import { scriptOptions } from '#local/script-options.ts';
import { gateEvents } from '#stepfunctions/history.ts';
import { definitionOf, synthesise } from '#test/lib/synthesise.ts';

const TRANSITION = PRICES.transition.dollars;
const LAMBDA_REQUEST = PRICES.lambdaRequest.dollars;
const LAMBDA_GB_SECOND = PRICES.lambdaGbSecond.dollars;
const S3_LIST = PRICES.s3Write.dollars;
const S3_GET = PRICES.s3Read.dollars;
/** A look's requests send nothing, so they don't pay for fair queues. */
const SQS_REQUEST = 0.4 / 1e6;
/**
 * A look at a run of up to 1,000 items that all have a processor: results and failures, a page each (bench/ledger.ts
 * --items 1000).
 */
const LISTS_A_LOOK = 2;
/** The counts of two queues, and the dead letters themselves. */
const SQS_REQUESTS_A_LOOK = 3;
/** The smallest environment of managed Airflow with workers of its own, for an hour; it is always running. */
const MWAA_SMALL_HOUR = 0.49;
/** The estimated seconds of a look, with a cold start now and then. */
const LOOK_SECONDS = 1;

const { values } = scriptOptions({
  command: 'node bench/waiting-cost.ts',
  about: 'Computes the cost of a wait, and the cost of other ways to wait.',
  options: {
    hours: { type: 'string', takes: 'NUMBER', default: '10', what: 'length of the wait' },
    interval: { type: 'string', takes: 'NUMBER', default: '30', what: 'seconds between two looks' },
  },
});
const hours = Number(values.hours);
const interval = Number(values.interval);
const attempts = Math.ceil((hours * 3_600) / interval);

const template = synthesise({
  'gate.intervalSeconds': interval,
  'gate.attempts': attempts,
});
const { States } = definitionOf(template);
const retrier = States.GatekeeperState?.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes('NotReadyError'));
const { IntervalSeconds, MaxAttempts } = retrier as unknown as { IntervalSeconds: number; MaxAttempts: number };
const gatekeepers = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([id]) =>
  /gatekeeper/i.test(id),
);
const [gatekeeper] = gatekeepers;
if (gatekeeper === undefined || gatekeepers.length > 1)
  throw new Error(`the template has ${gatekeepers.length} functions for the gatekeeper, and not one`);
const memoryGb = Number(gatekeeper[1].Properties.MemorySize) / 1_024;
const compute = LAMBDA_REQUEST + LOOK_SECONDS * memoryGb * LAMBDA_GB_SECOND;
// Each look reads the plan and gate.json, and writes gate.json.
const storage = (LISTS_A_LOOK + 1) * S3_LIST + 2 * S3_GET + SQS_REQUESTS_A_LOOK * SQS_REQUEST;
const look = compute + storage;
const looks = 1 + MaxAttempts;

interface Way {
  readonly way: string;
  readonly transitions: number;
  readonly events: number;
  readonly looks: number;
  readonly dollars: number;
}
const ways: Way[] = [
  {
    way: `GatekeeperState, ${IntervalSeconds} s × ${MaxAttempts}`,
    // Step Functions charges a retry as a transition.
    transitions: looks,
    events: gateEvents(MaxAttempts),
    looks,
    dollars: looks * (TRANSITION + look),
  },
  {
    way: `Wait + Choice, ${interval} s`,
    // Each round has Wait, the look and Choice, and so 2 + 5 + 2 events.
    transitions: 3 * looks,
    events: 9 * looks,
    looks,
    dollars: looks * (3 * TRANSITION + look),
  },
  { way: '.waitForTaskToken', transitions: 1, events: 5, looks: 0, dollars: TRANSITION },
  {
    way: `Airflow sensor, reschedule, ${interval} s`,
    transitions: 0,
    events: 0,
    looks,
    dollars: hours * MWAA_SMALL_HOUR,
  },
];
console.log(`${hours} hours; the gatekeeper has ${memoryGb * 1_024} MiB and a look is counted as ${LOOK_SECONDS} s`);
console.log(
  `looks: $${(1e6 * compute).toFixed(1)} a million for Lambda, $${(1e6 * storage).toFixed(1)} for S3 and SQS`,
);
console.log('| way | looks | transitions | history events | $ |');
console.log('|---|---|---|---|---|');
for (const { way, looks, transitions, events, dollars } of ways) {
  console.log(`| ${way} | ${looks} | ${transitions} | ${events} | ${dollars.toFixed(dollars < 0.001 ? 6 : 3)} |`);
}
