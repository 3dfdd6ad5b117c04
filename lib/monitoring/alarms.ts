import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IAlarm, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface AlarmProps {
  /** What has happened, and what to do about it, for the mail. */
  readonly says: string;
  readonly metric: Metric;
  /** The alarm begins at this value. @default 1 */
  readonly from?: number;
  /** The time for which a value is computed. @default five minutes */
  readonly period?: Duration;
  /** Whether the alarm keeps its state while there is no data, for a metric that comes once a day. @default false */
  readonly keepsState?: boolean;
}

/** The services send their own metrics once a minute at no cost. */
const PERIOD = Duration.minutes(5);

/**
 * Alarms on metrics, at $0.10 a month each. Each reports its beginning and its end. Missing data raises no alarm,
 * because there is no data between runs.
 */
export class Alarms extends Construct {
  readonly #action: SnsAction;
  readonly #all: Alarm[] = [];

  constructor(scope: Construct, id: string, { topic }: { readonly topic: ITopic }) {
    super(scope, id);
    this.#action = new SnsAction(topic);
  }

  get all(): readonly IAlarm[] {
    return this.#all;
  }

  /** @param name added to the stack's name, for the list in the console. */
  add(name: string, { says, metric, from = 1, period = PERIOD, keepsState = false }: AlarmProps): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${Stack.of(this).stackName}-${name}`,
      alarmDescription: says,
      metric: metric.with({ period }),
      threshold: from,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: keepsState ? TreatMissingData.IGNORE : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    this.#all.push(alarm);
  }
}
