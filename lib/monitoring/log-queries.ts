import { Stack } from 'aws-cdk-lib';
import { CfnQueryDefinition, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The last ended runs, as a query of CloudWatch Logs Insights. */
export const ENDED_RUNS = `fields @timestamp, runId, outcome, counts.done, counts.failed, counts.missing, bytes, dollars, seconds, forced, reason
| filter message = "ended"
| sort @timestamp desc
| limit 50`;

const RUN = 'name-of-the-run';
const ITEM = 'id-of-the-item';
const LINE = '@timestamp, function_name, worker, level, message, itemName, slice, outcome, seconds, error.message';

/** The saved queries. A person replaces the texts in quotation marks. */
export const QUERIES: Readonly<Record<string, string>> = {
  'One run': `fields ${LINE}
| filter runId = "${RUN}"
| sort @timestamp
| limit 10000`,
  'One item of a run': `fields ${LINE}
| filter runId = "${RUN}" and item = "${ITEM}"
| sort @timestamp
| limit 10000`,
  'Ended runs': ENDED_RUNS,
  'Errors and warnings': `fields @timestamp, function_name, worker, runId, itemName, level, message, error.name, error.message
| filter level in ["WARN", "ERROR", "CRITICAL"]
| sort @timestamp desc
| limit 500`,
  'Time by unit of work': `filter message = "ends"
| stats count(*) as times, avg(seconds) as average, pct(seconds, 95) as p95, max(seconds) as longest by function_name, task, outcome
| sort longest desc`,
  'Slowest items': `fields @timestamp, runId, itemName, task, outcome, seconds, worker
| filter message = "ends" and ispresent(task)
| sort seconds desc
| limit 100`,
  'Calls outside (logs.level=DEBUG)': `filter message = "called"
| parse url /^(?<host>https?:\\/\\/[^\\/]+)/
| stats count(*) as times, avg(milliseconds) as average, max(milliseconds) as longest by host, method, status, error
| sort times desc`,
  'Memory of functions': `filter @type = "REPORT"
| stats max(@maxMemoryUsed / 1000 / 1000) as used, max(@memorySize / 1000 / 1000) as given, max(100 * @maxMemoryUsed / @memorySize) as percent by @log
| sort percent desc`,
};

/**
 * Queries of the logs that are saved in CloudWatch Logs Insights, in a folder with the stack's name. A query costs by
 * the bytes that it reads.
 */
export class LogQueries extends Construct {
  constructor(scope: Construct, id: string, { logGroups }: { readonly logGroups: readonly ILogGroup[] }) {
    super(scope, id);
    for (const [name, queryString] of Object.entries(QUERIES)) {
      // CDK's QueryDefinition accepts no complete query, only the parts that it knows.
      new CfnQueryDefinition(this, name.replaceAll(/[^A-Za-z]/g, ''), {
        name: `${Stack.of(this).stackName}/${name}`,
        logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
        queryString,
      });
    }
  }
}
