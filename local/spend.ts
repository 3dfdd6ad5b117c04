import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { money } from '#costs/money.ts';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';

/**
 * Reads the deployment's setting `alerts.dollarsADay` from its alarm.
 *
 * @returns undefined if there is no such alarm.
 */
export async function dollarsADay(
  { client }: Pick<EmbeddedAws, 'client'>,
  stackName: string,
): Promise<number | undefined> {
  const { MetricAlarms = [] } = await new CloudWatchClient(client).send(
    new DescribeAlarmsCommand({ AlarmNames: [`${stackName}-spend`] }),
  );
  return MetricAlarms[0]?.Threshold;
}

/** Says what the runs would cost on AWS, and whether their sum would have sent the alert on spend. */
export function spendText(dollars: number, limit: number | undefined): string {
  const cost = `On AWS this costs ${money(dollars)} by list prices.`;
  if (limit === undefined)
    return `${cost} Sluice sends no alert about costs, because the setting alerts.dollarsADay has no value.`;
  const would = dollars >= limit ? 'would have been sent' : 'would not have been sent';
  return `${cost} The alert on spend ${would}: alerts.dollarsADay is ${money(limit)}.`;
}
