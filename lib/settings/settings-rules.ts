import { ITEM_BASE_MIB, LEAST_ITEM_MIB, WORKER_BASE_MIB } from '#run/fleet/memory-share.ts';
import { processorProblems } from '#run/input/deployed-processors.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { gateWaitSeconds, mayCall } from '#run/settings/gate.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import { loadWaitSeconds } from '#run/settings/redshift.ts';
import { deployedProcessors } from '#run/settings/workers.ts';
import { gateEvents, gateFitsHistory, HISTORY_EVENTS, KEPT_EVENTS, slicesPerBatch } from '#stepfunctions/history.ts';
import { buffersFor } from '#transfer/parts/buffers.ts';
import { alertsAreOn } from './alert-settings.ts';
import { deliveryRules } from './delivery-rules.ts';
import type { Settings } from './settings.ts';
import { repeated, rule, type SettingsRule } from './settings-rule.ts';

/** The hours after which a run begins no further source: before Step Functions ends it, with time left for its end. */
function hoursOfRun({ limits, run }: Settings): number {
  return limits.hours ?? 0.9 * run.timeoutHours;
}

/** The settings that Plan receives. */
export function planVariables(settings: Settings): Record<string, string> {
  const limits = { ...settings.limits, hours: hoursOfRun(settings) };
  return {
    ...groupsAsVariables({ ...settings, limits }, 'gate', 'ingest', 'workers', 'sources', 'limits', 'redshift'),
    ...(settings.defaultInput && { SLUICE_DEFAULT_INPUT: JSON.stringify(settings.defaultInput) }),
  };
}

/**
 * Memory of a transferring Lambda besides its buffers, in MiB. Measured: 160 MiB at the peak of a transfer over TLS
 * with five buffers of 8 MiB, so 120 for the rest; a third is added for many small sources at once.
 */
const TRANSFER_BASE_MIB = 160;

/** A message's visibility ends 12 hours after its receipt, however often it is extended. */
const LONGEST_VISIBILITY_SECONDS = 43_200;

/** Lambda accepts 4 KiB of environment, counted as JSON. The name of the bucket needs the rest. */
const PLAN_MAX_BYTES = 3_840;
/** The gatekeeper also has the addresses of queues, of the cluster and of subnets. */
const SOURCES_MAX_BYTES = 2_560;

/** The output of each child of Ingest is `{}`, three bytes of the 256 KiB that a state may contain. */
const MOST_CHILDREN = 80_000;

/** Fargate's memory amounts for each CPU amount, in MiB: from, to, step. */
const FARGATE_MEMORY: Readonly<Record<number, { from: number; to: number; step: number }>> = {
  512: { from: 1_024, to: 4_096, step: 1_024 },
  1024: { from: 2_048, to: 8_192, step: 1_024 },
  2048: { from: 4_096, to: 16_384, step: 1_024 },
  4096: { from: 8_192, to: 30_720, step: 1_024 },
  8192: { from: 16_384, to: 61_440, step: 4_096 },
  16384: { from: 32_768, to: 122_880, step: 8_192 },
};

/** The rules, in the order in which their problems are reported. */
export const settingsRules: readonly SettingsRule[] = [
  rule(
    ['gate.attempts'],
    ({ gate }) =>
      !gateFitsHistory(gate.attempts) &&
      `${gate.attempts} attempts need ${gateEvents(gate.attempts)} events of history; Step Functions ends an execution at ${HISTORY_EVENTS}, and the rest of the run needs ${KEPT_EVENTS}; use fewer attempts and a longer gate.intervalSeconds`,
  ),
  rule(
    ['gate.intervalSeconds', 'gate.attempts', 'run.timeoutHours'],
    ({ gate, run }) =>
      gateWaitSeconds(gate) >= run.timeoutHours * 3_600 &&
      `the gate waits ${describeSeconds(gateWaitSeconds(gate))}, and run.timeoutHours ends the run after ${describeSeconds(run.timeoutHours * 3_600)}, before the gate can force its end; raise run.timeoutHours, or let the gate wait less`,
  ),
  rule(
    ['gate.intervalSeconds', 'gate.attempts', 'gate.mayEndBeforeItems', 'workers.itemMinutes'],
    ({ gate, workers }) =>
      !gate.mayEndBeforeItems &&
      workers.itemMinutes * 60 > gateWaitSeconds(gate) &&
      `the gate waits ${describeSeconds(gateWaitSeconds(gate))} and one item may take ${describeSeconds(workers.itemMinutes * 60)}, so a slow item is late; lower workers.itemMinutes, let the gate wait longer, or accept it with gate.mayEndBeforeItems=true`,
  ),
  rule(
    ['alerts.runHours', 'run.timeoutHours'],
    ({ alerts, run }) =>
      alerts.runHours !== undefined &&
      alerts.runHours >= run.timeoutHours &&
      `run.timeoutHours ends a run after ${run.timeoutHours} hours, so no run can be older than alerts.runHours (${alerts.runHours}); lower alerts.runHours`,
  ),
  rule(
    ['alerts.dollarsADay', 'alerts.email', 'alerts.topic'],
    ({ alerts }) =>
      alerts.dollarsADay !== undefined &&
      !alertsAreOn(alerts) &&
      'alerts.dollarsADay is set, but nobody would receive the alert; set alerts.email or alerts.topic too',
  ),
  rule(['gate.waitFor', 'gate.functions', 'gate.checks'], ({ gate }) => {
    const others = gate.waitFor.flatMap((wait) =>
      wait.check === 'lambda' && !mayCall(gate, wait.function) ? [wait.function] : [],
    );
    return (
      others.length > 0 &&
      `the gatekeeper may not call ${others.join(', ')}; add it to the setting gate.functions, or its module to gate.checks`
    );
  }),
  rule(
    ['ingest.children', 'ingest.slicesAtOnce', 'ingest.maxLambdas'],
    ({ ingest }) =>
      ingest.children * ingest.slicesAtOnce > ingest.maxLambdas &&
      `ingest.children × ingest.slicesAtOnce is ${ingest.children * ingest.slicesAtOnce}, more than ingest.maxLambdas allows (${ingest.maxLambdas}); lower one of them, or raise ingest.maxLambdas if the Lambda quota of the account allows it`,
  ),
  rule(['ingest.memoryMiB', 'ingest.connections', 'ingest.bufferMiB'], ({ ingest }) => {
    const buffers = buffersFor(ingest.connections);
    const needed = TRANSFER_BASE_MIB + buffers * ingest.bufferMiB;
    return (
      ingest.memoryMiB < needed &&
      `${buffers} buffers for ingest.connections (${ingest.connections}) × ingest.bufferMiB + ${TRANSFER_BASE_MIB} MiB is ${needed} MiB, more than ingest.memoryMiB (${ingest.memoryMiB})`
    );
  }),
  rule(
    ['ingest.openCalls', 'ingest.sliceCalls', 'ingest.sourcesPerBatch'],
    ({ ingest }) =>
      slicesPerBatch(ingest) < ingest.sourcesPerBatch &&
      `ingest.openCalls and ingest.sliceCalls leave room for ${Math.max(0, slicesPerBatch(ingest))} slices in the ${HISTORY_EVENTS} events of a batch's execution, and each of ingest.sourcesPerBatch (${ingest.sourcesPerBatch}) sources may need one; lower one of them`,
  ),
  rule(['limits.items', 'ingest.sourcesPerBatch'], ({ limits, ingest }) => {
    const children = Math.ceil(limits.items / ingest.sourcesPerBatch);
    return (
      children > MOST_CHILDREN &&
      `limits.items (${limits.items}) by ingest.sourcesPerBatch (${ingest.sourcesPerBatch}) makes ${children} batches, and the results of more than ${MOST_CHILDREN} children don't fit a state of Step Functions; raise ingest.sourcesPerBatch or lower limits.items`
    );
  }),
  rule(['workers.cpu', 'workers.memoryMiB'], ({ workers }) => fargateProblem(workers.cpu, workers.memoryMiB)),
  rule(['workers.memoryMiB', 'workers.itemsAtOnce'], ({ workers }) => {
    const item = ITEM_BASE_MIB + LEAST_ITEM_MIB;
    const needed = WORKER_BASE_MIB + workers.itemsAtOnce * item;
    return (
      workers.memoryMiB < needed &&
      `a worker needs ${WORKER_BASE_MIB} MiB, and the process of each simultaneous item at least ${item}: workers.itemsAtOnce (${workers.itemsAtOnce}) needs ${needed} MiB, more than workers.memoryMiB (${workers.memoryMiB})`
    );
  }),
  rule(
    ['workers.heartbeatSeconds', 'workers.visibilitySeconds'],
    ({ workers }) =>
      2 * workers.heartbeatSeconds > workers.visibilitySeconds &&
      `workers.heartbeatSeconds (${workers.heartbeatSeconds}) must be at most half of workers.visibilitySeconds (${workers.visibilitySeconds}), so that one lost heartbeat loses no item`,
  ),
  rule(
    ['workers.itemMinutes', 'workers.visibilitySeconds'],
    ({ workers }) =>
      workers.itemMinutes * 60 + workers.visibilitySeconds > LONGEST_VISIBILITY_SECONDS &&
      `SQS hides a message for 12 hours in all: workers.itemMinutes (${workers.itemMinutes}) and workers.visibilitySeconds (${workers.visibilitySeconds}) together must not exceed this`,
  ),
  rule(
    ['bucket.incompleteUploadDays', 'run.timeoutHours'],
    ({ bucket, run }) =>
      bucket.incompleteUploadDays * 24 < run.timeoutHours &&
      `S3 would remove uploads of a run that still goes on: bucket.incompleteUploadDays is ${bucket.incompleteUploadDays}, but a run may take ${run.timeoutHours} hours (run.timeoutHours)`,
  ),
  rule(
    ['run.keepDays', 'run.timeoutHours'],
    ({ run }) =>
      run.keepDays * 24 < run.timeoutHours &&
      `S3 would remove records of a run that still goes on: run.keepDays is ${run.keepDays}, but a run may take ${run.timeoutHours} hours (run.timeoutHours)`,
  ),
  rule(
    ['network.vpcId', 'network.flowLogs'],
    ({ network }) =>
      network.vpcId !== undefined &&
      network.flowLogs &&
      `network.flowLogs needs Sluice's own VPC; turn on the flow logs of ${network.vpcId} where you manage this VPC`,
  ),
  rule(['schedules'], ({ schedules }) => {
    const twice = repeated(schedules.map(({ name }) => name));
    return twice.length > 0 && `each schedule needs a different name, but ${twice.join(', ')} occurs twice`;
  }),
  rule(['schedules'], ({ schedules }) => {
    const taken = schedules.filter(({ input }) => 'schedule' in input || 'scheduledTime' in input);
    return (
      taken.length > 0 &&
      `the input of a schedule must not contain schedule or scheduledTime, because the schedule adds them (${taken.map((one) => one.name).join(', ')})`
    );
  }),
  rule(['defaultInput', 'workers.parquet'], (settings) => undeployed(settings, settings.defaultInput ?? {})),
  rule(['schedules', 'workers.parquet'], (settings) => {
    const problems = settings.schedules.flatMap(({ name, input }) => {
      const problem = undeployed(settings, input);
      return problem === '' ? [] : [`${name}: ${problem}`];
    });
    return problems.join('; ');
  }),
  rule(
    ['redshift', 'gate.attempts'],
    ({ redshift, gate }) =>
      redshift !== undefined &&
      !gateFitsHistory(gate.attempts, redshift.attempts) &&
      `redshift.attempts (${redshift.attempts}) and gate.attempts (${gate.attempts}) together need ${gateEvents(gate.attempts) + gateEvents(redshift.attempts)} events of history; Step Functions ends an execution at ${HISTORY_EVENTS}; use fewer attempts and a longer redshift.intervalSeconds`,
  ),
  rule(
    ['redshift', 'gate.intervalSeconds', 'gate.attempts', 'run.timeoutHours'],
    ({ redshift, gate, run }) =>
      redshift !== undefined &&
      gateWaitSeconds(gate) + loadWaitSeconds(redshift) >= run.timeoutHours * 3_600 &&
      `the gate and the loads wait ${describeSeconds(gateWaitSeconds(gate) + loadWaitSeconds(redshift))}, and run.timeoutHours ends the run after ${describeSeconds(run.timeoutHours * 3_600)}; raise run.timeoutHours, or let them wait less`,
  ),
  rule(['redshift', 'schedules', 'defaultInput'], ({ redshift, schedules, defaultInput = {} }) => {
    const inputs = [{ name: 'defaultInput', input: defaultInput }, ...schedules];
    const loading = inputs.filter(({ input }) => namesLoad(input)).map(({ name }) => name);
    return (
      redshift === undefined &&
      loading.length > 0 &&
      `${loading.join(', ')} load into a warehouse, but the deployment has no warehouse: set redshift`
    );
  }),
  rule(
    ['limits.hours', 'run.timeoutHours'],
    (settings) =>
      hoursOfRun(settings) >= settings.run.timeoutHours &&
      `limits.hours (${settings.limits.hours}) must be less than run.timeoutHours (${settings.run.timeoutHours}), which ends a run without reporting what is missing`,
  ),
  rule(['sources'], ({ sources }) => {
    const bytes = Buffer.byteLength(JSON.stringify(groupsAsVariables({ sources }, 'sources')));
    return (
      bytes > SOURCES_MAX_BYTES &&
      `takes at most ${SOURCES_MAX_BYTES} bytes as a variable of a function, got ${bytes}; combine several hosts into one pattern such as *.example.org`
    );
  }),
  rule(['defaultInput', 'gate.waitFor', 'gate.functions', 'ingest.listBuckets', 'sources'], (settings) => {
    const bytes = Buffer.byteLength(JSON.stringify(planVariables(settings)));
    return (
      bytes > PLAN_MAX_BYTES &&
      `takes at most ${PLAN_MAX_BYTES} bytes as variables of a function, together with gate, ingest, workers, sources and limits, got ${bytes}; put a long list of sources into an S3 object and name that in sourcesFrom`
    );
  }),
  ...deliveryRules,
];

/** Returns whether an input loads anything. */
function namesLoad(input: unknown): boolean {
  const { load, sources = [] } = executionInputSchema.parse(input);
  return [load, ...sources.map((source) => source.load)].some((one) => one !== null && one !== undefined);
}

/** Returns what is wrong with the processors that an input names; empty if nothing is. */
function undeployed(settings: Settings, input: unknown): string {
  // The inputs were parsed with the settings, and are kept as they were typed.
  return processorProblems(executionInputSchema.parse(input), deployedProcessors(settings.workers)).join('; ');
}

function fargateProblem(cpu: number, memoryMiB: number): string | undefined {
  const takes = FARGATE_MEMORY[cpu];
  if (takes === undefined) {
    return [512, 1_024, 2_048].includes(memoryMiB)
      ? undefined
      : `Fargate takes 512, 1024 or 2048 MiB with workers.cpu ${cpu}, but workers.memoryMiB is ${memoryMiB}`;
  }
  const { from, to, step } = takes;
  return memoryMiB >= from && memoryMiB <= to && memoryMiB % step === 0
    ? undefined
    : `Fargate takes ${from} to ${to} MiB in steps of ${step} with workers.cpu ${cpu}, but workers.memoryMiB is ${memoryMiB}`;
}

function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${round(seconds / 60)} minutes` : `${round(seconds / 3_600)} hours`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
