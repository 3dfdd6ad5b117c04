/** The consoles of AWS's partitions. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-cn': 'console.amazonaws.cn',
};

/**
 * The page of an execution in the console.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-view-execution-details.html
 */
export function executionConsoleUrl(executionArn: string): string {
  return `${consoleOf(executionArn)}/states/home?region=${regionOf(executionArn)}#/v2/executions/details/${executionArn}`;
}

/** Returns the URL of an object of a bucket in the console without the key, which is added as a value of the query. */
export function objectConsolePrefix(executionArn: string, bucket: string): string {
  const region = regionOf(executionArn);
  return `${consoleOf(executionArn)}/s3/object/${encodeURIComponent(bucket)}?region=${region}&prefix=`;
}

/** The folder of a bucket. */
export function folderConsoleUrl(executionArn: string, bucket: string, prefix: string): string {
  const region = regionOf(executionArn);
  return `${consoleOf(executionArn)}/s3/buckets/${encodeURIComponent(bucket)}?region=${region}&prefix=${encodeURIComponent(prefix)}`;
}

/** The log groups that show the course of a run. */
const LOGS = ['plan', 'open', 'slice', 'gatekeeper', 'close-run', 'done'];

/**
 * A run's log lines of functions and workers in Logs Insights, over the run's own time.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
 */
export function logsConsoleUrl(executionArn: string, stack: string, runId: string, from: Date, to: Date): string {
  const groups = [...LOGS.map((name) => `/aws/lambda/${stack}-${name}`), `/aws/ecs/${stack}-worker`];
  const query = `fields @timestamp, level, message, item, @message\n| filter @message like "${runId}"\n| sort @timestamp asc\n| limit 1000`;
  const detail = [
    `end~${quoted(to.toISOString())}`,
    `start~${quoted(from.toISOString())}`,
    "timeType~'ABSOLUTE",
    "tz~'UTC",
    `editorString~${quoted(query)}`,
    `source~(${groups.map((group) => `~${quoted(group)}`).join('')})`,
  ].join('~');
  const region = regionOf(executionArn);
  const hash = encodeURIComponent(`?queryDetail=~(${detail})`).replaceAll('%', '$');
  return `${consoleOf(executionArn)}/cloudwatch/home?region=${region}#logsV2:logs-insights${hash}`;
}

/** Quotes a text for the console's URLs: with an apostrophe before it, and `*` instead of the `%` of URLs. */
function quoted(text: string): string {
  return `'${encodeURIComponent(text).replaceAll("'", '%27').replaceAll('%', '*')}`;
}

function consoleOf(arn: string): string {
  const [, partition = 'aws'] = arn.split(':');
  return `https://${regionOf(arn)}.${CONSOLES[partition] ?? CONSOLES.aws}`;
}

function regionOf(arn: string): string {
  return arn.split(':')[3] ?? 'us-east-1';
}
