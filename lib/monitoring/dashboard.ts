import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE, type MetricName } from '#run/metrics/metrics.ts';
import type { Functions } from '../functions/functions.ts';
import type { LambdaName } from '../functions/lambda-entries.ts';
import type { Settings } from '../settings/settings.ts';
import { ENDED_RUNS } from './log-queries.ts';

export interface DashboardProps {
  readonly settings: Pick<Settings, 'metrics'>;
  readonly functions: Functions;
  readonly runs: StateMachine;
  readonly queue: IQueue;
  readonly deadLetters: IQueue;
  readonly undelivered: IQueue;
  /** The log group of DoneState, from whose lines the table of runs is made. */
  readonly doneLogs: ILogGroup;
  /** Empty if nobody receives alarms. */
  readonly alarms: readonly IAlarm[];
}

const WHOLE_ROW = 24;
const THIRD = 8;
const PERIOD = Duration.minutes(5);
/** The functions in which a run spends its time. */
const BUSY: readonly LambdaName[] = ['open', 'slice', 'gatekeeper'];

/**
 * The page in CloudWatch that shows the state of a deployment: alarms, the last runs, executions, the queue, the
 * functions; and Sluice's own metrics if they are sent. The metrics of AWS itself cost nothing.
 */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { settings, alarms, doneLogs } = props;
    const rows: IWidget[][] = [
      ...(alarms.length > 0
        ? [[new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WHOLE_ROW })]]
        : []),
      [
        new LogQueryWidget({
          title: 'Ended runs',
          logGroupNames: [doneLogs.logGroupName],
          view: LogQueryVisualizationType.TABLE,
          queryString: ENDED_RUNS,
          width: WHOLE_ROW,
          height: 7,
        }),
      ],
      this.#fromAws(props),
      ...(settings.metrics.level === 'off' ? [] : this.#own()),
    ];
    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: Stack.of(this).stackName,
      defaultInterval: Duration.days(7),
      widgets: rows,
    });
  }

  #fromAws({ functions, runs, queue, deadLetters, undelivered }: DashboardProps): IWidget[] {
    const sum = { statistic: Stats.SUM, period: PERIOD };
    const most = { statistic: Stats.MAXIMUM, period: PERIOD };
    return [
      graph('Runs', [
        runs.metricStarted(sum),
        runs.metricSucceeded(sum),
        runs.metricFailed(sum),
        runs.metricTimedOut(sum),
        runs.metricAborted(sum),
      ]),
      graph(
        'Queue',
        [queue.metricApproximateNumberOfMessagesVisible(most), queue.metricApproximateNumberOfMessagesNotVisible(most)],
        [queue.metricApproximateAgeOfOldestMessage(most)],
      ),
      graph('Dead letters', [
        deadLetters.metricApproximateNumberOfMessagesVisible({ ...most, label: 'dead letters' }),
        undelivered.metricApproximateNumberOfMessagesVisible({ ...most, label: 'undelivered' }),
      ]),
      graph(
        'Time of functions',
        BUSY.map((name) => functions.get(name).metricDuration({ ...most, label: name })),
      ),
      graph('Throttles and errors of functions', [
        ...BUSY.map((name) => functions.get(name).metricThrottles({ ...sum, label: `${name}: throttled` })),
        // A gatekeeper that waits ends with an error, so its errors are not shown.
        ...BUSY.filter((name) => name !== 'gatekeeper').map((name) =>
          functions.get(name).metricErrors({ ...sum, label: `${name}: errors` }),
        ),
      ]),
    ];
  }

  #own(): IWidget[][] {
    const sum = (name: MetricName) => this.#metric(name, Stats.SUM);
    const most = (name: MetricName) => this.#metric(name, Stats.MAXIMUM);
    return [
      [
        graph('Items', [sum('ItemsDone'), sum('ItemsUnchanged'), sum('ItemsFailed'), sum('ItemsMissing')]),
        graph('Bytes landed', [sum('BytesLanded')]),
        graph('Duration and dollars of runs', [most('RunSeconds')], [sum('RunDollars')]),
      ],
      [
        graph('Gate', [sum('GateLooks')], [this.#metric('RunsForced', Stats.AVERAGE, 'share of forced runs')]),
        graph('Workers', [sum('WorkerMinutes')], [sum('LateResults')]),
        graph('Memory, as a share of the limit', [most('TransferMemoryPercent'), most('WorkerMemoryPercent')]),
      ],
    ];
  }

  #metric(metricName: MetricName, statistic: string, label: string = metricName): Metric {
    return new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      dimensionsMap: { service: Stack.of(this).stackName },
      statistic,
      label,
      period: PERIOD,
    });
  }
}

function graph(title: string, left: IMetric[], right: IMetric[] = []): GraphWidget {
  return new GraphWidget({ title, left, right, width: THIRD });
}
