import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, type FilteredLogEvent, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import pMap from 'p-map';
import { parseJson } from '#run/input/json-text.ts';
import { codeOf } from '#run/problem/problem.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from './command.ts';
import { describeRun } from './status.ts';

/** Clocks differ, and CloudWatch has a delay. */
const BEFORE_MILLISECONDS = 60_000;
const AFTER_MILLISECONDS = 5 * 60_000;
const GROUPS_AT_ONCE = 4;
/** The log of a run may have any length; this is the limit for a terminal. */
const MOST_LINES = 10_000;

interface LogLine {
  readonly at: string;
  /** The function or the worker that wrote the line. */
  readonly from: string;
  readonly text: string;
}

/**
 * `sluice logs`: prints the log lines of a run, of all functions and workers, ordered by time.
 *
 * @param item an item's id or name: only lines that name it.
 * @throws CommandError if the run does not exist.
 */
export async function logs(
  context: CommandContext,
  run: string,
  item: string | undefined,
  stack: string,
): Promise<number> {
  const { screen, json, config } = context;
  const runId = runIdOf(run);
  const { startDate, stopDate } = await describeRun(context, run);
  const from = (startDate?.getTime() ?? 0) - BEFORE_MILLISECONDS;
  const to = (stopDate?.getTime() ?? Date.now()) + AFTER_MILLISECONDS;
  const client = new CloudWatchLogsClient(config);
  const groups = await logGroups(new CloudFormationClient(config), stack);
  const lines = (
    await pMap(groups, (group) => linesOf(client, group, runId, from, to), { concurrency: GROUPS_AT_ONCE })
  )
    .flat()
    .filter(({ text }) => item === undefined || text.includes(item))
    .toSorted((one, other) => one.at.localeCompare(other.at));
  for (const { at, from: writer, text } of lines.slice(0, MOST_LINES)) {
    screen.print(json ? JSON.stringify({ at, from: writer, line: asJson(text) }) : `${at}  ${writer}  ${plain(text)}`);
  }
  if (lines.length > MOST_LINES) screen.say(`and ${lines.length - MOST_LINES} more lines: name an item`);
  if (lines.length === 0)
    screen.say(
      `There is no log line of run ${runId}${item === undefined ? '' : ` on ${item}`}: logs are kept for some days only.`,
    );
  return EXIT.complete;
}

async function logGroups(client: CloudFormationClient, stack: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: stack })) {
    for (const { ResourceType, PhysicalResourceId } of StackResourceSummaries) {
      if (ResourceType === 'AWS::Logs::LogGroup' && PhysicalResourceId !== undefined) names.push(PhysicalResourceId);
    }
  }
  return names;
}

async function linesOf(
  client: CloudWatchLogsClient,
  group: string,
  runId: string,
  from: number,
  to: number,
): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const query = { logGroupName: group, startTime: from, endTime: to, filterPattern: `"${runId}"` };
  for await (const { events = [] } of paginateFilterLogEvents({ client }, query)) {
    lines.push(...events.filter(({ message }) => message?.includes(runId)).map((event) => lineOf(event, group)));
    if (lines.length > MOST_LINES) break;
  }
  return lines;
}

function lineOf({ timestamp = 0, message = '' }: FilteredLogEvent, group: string): LogLine {
  return { at: new Date(timestamp).toISOString(), from: group.split('/').at(-1) ?? group, text: message.trimEnd() };
}

function asJson(text: string): unknown {
  const value = parseJson(text);
  return value === undefined ? text : value;
}

/** Fields that don't help a person who reads the lines of one run. `--json` has all fields. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'timestamp',
  'service',
  'version',
  'cold_start',
  'function_name',
  'function_request_id',
  'xray_trace_id',
  'runId',
  'run',
]);

/** Formats a line of JSON for a person: level, message, then the other fields. */
function plain(text: string): string {
  const line = asJson(text);
  if (typeof line !== 'object' || line === null) return text;
  const { level, message, ...fields } = line as Record<string, unknown>;
  if (message === undefined) return text;
  const rest = Object.entries(fields).flatMap(([name, value]) =>
    LEFT_OUT.has(name) ? [] : [`${name}=${valueText(value)}`],
  );
  return [level ?? '', message, ...rest]
    .map(valueText)
    .filter((word) => word !== '')
    .join('  ');
}

/** Shows an error with its name, message and code. Its stack is for programmers, who can use `--json`. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('name' in value) || !('message' in value)) {
    return JSON.stringify(value);
  }
  const code = codeOf(value);
  return `${code === undefined ? '' : `${code} `}${String(value.name)}: ${String(value.message)}`;
}
