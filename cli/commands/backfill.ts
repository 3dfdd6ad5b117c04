import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import pMap from 'p-map';
import { NoSlotsError, slotsBetween } from '#run/plan/schedule-slots.ts';
import { problemOf } from '#run/problem/problem.ts';
import { CommandError } from '../command-error.ts';
import { executionArnOf } from '../deployment/deployment.ts';
import { EXIT } from '../exit-code.ts';
import { followRun } from '../follow/follow-run.ts';
import type { Mistakes } from '../input/mistakes.ts';
import { indented } from '../screen/shown.ts';
import { UsageError } from '../usage-error.ts';
import type { CommandContext } from './command.ts';

export interface BackfillOptions {
  /** Undefined only until the command line is checked. */
  readonly from?: string;
  readonly to?: string;
  /** The number of runs at the same time. */
  readonly atOnce: number;
  readonly dryRun?: boolean;
}

/** More slots than this are probably a mistake. */
const MOST_SLOTS = 1_000;

/** The first and the last time of a backfill. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

/** @throws UsageError with all that is wrong with the span. */
export async function prepareBackfill(options: BackfillOptions, mistakes: Mistakes): Promise<Span> {
  const from = await mistakes.of(() => timeOf(options.from, '--from'));
  // A day without a time includes its last second.
  const to = await mistakes.of(() => timeOf(options.to, '--to', 'T23:59:59Z'));
  if (from && to && from > to) mistakes.add('--from is after --to: swap them');
  await mistakes.all();
  return { from, to } as Span;
}

/**
 * `sluice backfill`: starts a run for each time of a schedule in a span, like the schedule itself, and waits for all
 * runs. If a slot was run already, Plan refuses it, and the command reports this.
 *
 * @throws UsageError for an impossible span; CommandError if the schedule does not exist.
 */
export async function backfill(
  context: CommandContext,
  schedule: string,
  stack: string,
  { from, to }: Span,
  options: Pick<BackfillOptions, 'atOnce' | 'dryRun'>,
) {
  const { screen, json } = context;
  const { expression, timeZone, input } = await readSchedule(context, schedule, stack);
  const slots = slotsOf(expression, timeZone, from, to);
  if (slots.length === 0)
    throw new UsageError(
      `schedule ${schedule} (${expression}, ${timeZone}) has no time between --from and --to: choose a longer span`,
    );
  if (slots.length > MOST_SLOTS)
    throw new UsageError(
      `the schedule has ${slots.length} times between --from and --to, but one call starts at most ${MOST_SLOTS} runs: choose a shorter span`,
    );
  if (options.dryRun === true) {
    for (const slot of slots)
      screen.print(json ? JSON.stringify({ scheduledTime: slot.toISOString() }) : slot.toISOString());
    return EXIT.complete;
  }
  screen.say(`${slots.length} runs of schedule ${schedule}, ${options.atOnce} at the same time.`);
  const runs = (slot: Date) => runSlot(context, schedule, slot, input);
  const outcomes = await pMap(slots, runs, { concurrency: options.atOnce });
  return outcomes.every((outcome) => outcome === 'SUCCEEDED') ? EXIT.complete : EXIT.partial;
}

function slotsOf(...schedule: Parameters<typeof slotsBetween>): Date[] {
  try {
    return slotsBetween(...schedule);
  } catch (error) {
    if (!(error instanceof NoSlotsError)) throw error;
    throw new UsageError(`${error.message}: start the runs with "sluice run" and a scheduledTime in --input`, {
      cause: error,
    });
  }
}

async function runSlot(context: CommandContext, schedule: string, slot: Date, input: object): Promise<string> {
  const { sfn, s3, deployment, screen, json, signal } = context;
  const scheduledTime = slot.toISOString().replace('.000Z', 'Z');
  // Names can't contain colons. Plan claims the slot itself, so a run with another name can't run the slot twice.
  const name = `${schedule}-${scheduledTime.replaceAll(/[-:]/g, '')}-${Date.now().toString(36)}`.slice(-80);
  const { executionArn = executionArnOf(deployment, name) } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: deployment.stateMachineArn,
      name,
      input: JSON.stringify({ ...input, scheduledTime }),
    }),
  );
  const { end } = await followRun({ sfn, s3 }, executionArn, { signal });
  const { status, error, message } = end;
  const problem =
    status === 'SUCCEEDED' ? null : problemOf({ name: error ?? status, message }, { fallback: 'run-broke', run: name });
  if (json) screen.print(JSON.stringify({ run: name, scheduledTime, status, problem }));
  else {
    const word = screen.paint(status === 'SUCCEEDED' ? 'good' : 'bad', status.toLowerCase());
    screen.print(
      `${scheduledTime}  ${name}  ${word}${problem === null ? '' : `  ${problem.code}: ${indented(problem.detail)}`}`,
    );
  }
  return status;
}

/** Reads the schedule that the deployment made: its group is named after the stack. */
async function readSchedule({ config }: CommandContext, name: string, stack: string) {
  try {
    const found = await new SchedulerClient(config).send(new GetScheduleCommand({ Name: name, GroupName: stack }));
    const input = JSON.parse(found.Target?.Input ?? '{}') as Record<string, unknown>;
    return { expression: found.ScheduleExpression ?? '', timeZone: found.ScheduleExpressionTimezone ?? 'UTC', input };
  } catch (cause) {
    if ((cause as Error).name !== 'ResourceNotFoundException') throw cause;
    throw new CommandError('no-such-schedule', `the stack "${stack}" has no schedule ${JSON.stringify(name)}`, {
      cause,
    });
  }
}

/**
 * @param text undefined if the option is missing, which was reported.
 * @param ofDay the time to add if the text is only a day.
 */
function timeOf(text: string | undefined, option: string, ofDay = 'T00:00:00Z'): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? text + ofDay : text);
  if (Number.isNaN(time.getTime()) || !/^\d{4}-\d{2}-\d{2}/.test(text)) {
    throw new UsageError(
      `${option} is ${JSON.stringify(text)}, and takes a day or a time, such as 2026-11-01 or 2026-11-01T04:30:00Z`,
    );
  }
  return time;
}
