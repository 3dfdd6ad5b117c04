import { type DeploymentSize, SUMMED_METRICS } from './deployment.ts';
import { LOADS } from './loads.ts';
import { money } from './money.ts';
import { monthlyCosts, totalOf } from './monthly-costs.ts';
import { PRICES, PRICES_READ } from './prices.ts';
import { USAGE } from './usage.ts';

/** What `alerts.email` adds to a template (lib/monitoring/alerts.ts). */
export const WITH_ALERTS = { alarms: 5, watchGb: 0.5 } as const;

/** The place of its costs in the README, and in docs/delivery.md. */
export const COSTS_PART =
  /(?<=<!-- costs: `npm run costs -- --write` writes this -->\n)[\s\S]*?(?=<!-- end of costs -->)/;

/** A table in Markdown of the loads, the lines of the bill, and their costs with this deployment. */
export function costsTable(size: DeploymentSize): string {
  const bills = LOADS.map((load) => monthlyCosts(size, load));
  const lines = bills[0]?.map(({ what }) => what) ?? [];
  const row = (name: string, cells: readonly string[]) => `| ${[name, ...cells].join(' | ')} |`;
  return [
    row(
      'a month',
      LOADS.map(({ name }) => name),
    ),
    `|---${'|---:'.repeat(LOADS.length)}|`,
    ...lines.map((what, index) =>
      row(
        what,
        bills.map((bill) => money(bill[index]?.dollars ?? 0)),
      ),
    ),
    row(
      '**total**',
      bills.map((bill) => `**${money(totalOf(bill))}**`),
    ),
  ].join('\n');
}

/** The README's paragraph. */
export function readmeCosts(size: DeploymentSize): string {
  const [small = 0, large = 0, many = 0] = LOADS.map((load) => totalOf(monthlyCosts(size, load)));
  const [, oneKey] = LOADS;
  const old = oneKey === undefined ? 0 : lineOf(size, 1, 'old versions kept');
  return `
**What it costs.** While nothing runs, you pay only for storage: landed objects, old versions of overwritten objects (${size.oldVersionDays} days),
run records (${size.runDays} days) and logs (${size.logDays} days). Between runs there is no NAT gateway, no load balancer and no task. With runs,
by list prices of ${PRICES_READ.region} read on ${PRICES_READ.on}:

| load | a month | largest parts |
|---|---:|---|
| ${LOADS[0]?.name} | ${money(small)} | ${money(lineOf(size, 0, 'objects of a month kept'))} storage of the month's files |
| ${LOADS[1]?.name} | ${money(large)} | ${money(old)} old versions, ${money(lineOf(size, 1, 'objects of a month kept'))} the file itself |
| ${LOADS[2]?.name} | ${money(many)} | ${money(lineOf(size, 2, 'S3 requests'))} S3 requests, ${money(lineOf(size, 2, 'logs taken in'))} logs |

[docs/costs.md](docs/costs.md) has all costs, such as public IPv4 addresses, log ingestion, tracing and KMS. It says what was
measured and what was estimated. \`npm run costs\` computes the costs from the template of your own settings.

`;
}

function lineOf(size: DeploymentSize, load: number, what: string): number {
  const found = LOADS[load] && monthlyCosts(size, LOADS[load]).find((line) => line.what === what);
  if (found === undefined) throw new Error(`the costs have no line "${what}"`);
  return found.dollars;
}

/** docs/costs.md, of a deployment with default settings. */
export function costsPage(size: DeploymentSize): string {
  const oneKey = (change: Partial<DeploymentSize>) => money(totalOf(monthlyCosts({ ...size, ...change }, loadAt(1))));
  const oldOf = (days: number) => money(lineOf({ ...size, oldVersionDays: days }, 1, 'old versions kept'));
  const many = (change: Partial<DeploymentSize>) => money(totalOf(monthlyCosts({ ...size, ...change }, loadAt(2))));
  const alerts = lineOf({ ...size, ...WITH_ALERTS }, 0, 'alerts');
  const metricsOf = (load: number) => money(lineOf({ ...size, metrics: SUMMED_METRICS }, load, 'metrics'));
  return `# What it costs

<!-- Made by \`npm run costs -- --write\` from costs/ and the synthesised template; edit those. -->

This page shows what a deployment costs with three loads, line by line, and what each setting changes. The table has dollars a month (30 days), with the
default settings. It uses the list prices of ${PRICES_READ.region}, read on ${PRICES_READ.on}, without free tiers. \`npm run costs\` computes the same table from the template of your own settings. It takes settings with \`-c\`, as
\`cdk\` does: \`npm run costs -- -c sluice.workers.spot=false\`. [The glossary](glossary.md) explains the words.

${costsTable(size)}

While nothing runs, you pay only for the last three lines and for "logs kept". Data that comes in from the Internet costs nothing, and
neither does traffic to S3 (through a gateway endpoint). The table has no price for data that leaves AWS, because Sluice sends none.

## What a setting changes

- **Old versions** (\`bucket.oldVersionDays\`). S3 keeps an overwritten object as an old version, so that you can restore
  it if the new file is bad. If a run writes a file of 100 GiB to one key every night, the old versions cost ${oldOf(1)} a month with 1 day, ${oldOf(3)} with
  3 days and ${oldOf(7)} with 7 days: with 7 days there are eight copies at a time. The default is ${size.oldVersionDays} days: if the file of Friday night is
  bad, you can restore the earlier one on Monday. Keys that contain a date make no old versions.
- **Public IPv4 addresses.** Each worker in Sluice's own VPC has a public address, because it reaches the Internet without a NAT. AWS charges for the address
  by the hour while the worker runs. In a VPC of yours (\`network.vpcId\`), workers have no public address. They use a NAT, and a NAT costs money all the time.
- **Spot** (\`workers.spot\`). Without Spot the million files cost ${many({ spot: false })} instead of ${many({})}.
- **Logs.** CloudWatch charges once for each GB that it takes in ("logs taken in"), and then for keeping the logs for \`logs.retentionDays\` ("logs kept").
  \`logs.stateMachineLevel=ALL\` adds a log line for each state.
- **Alerts** (\`alerts.email\`, \`alerts.topic\`). They are off by default, and then cost nothing. When they are on, they cost ${money(alerts)} a month: ${WITH_ALERTS.alarms} alarms, and a
  function that checks every 15 minutes whether a run is too old or has not started. Alerts that come from events cost almost nothing. The first
  thousand mails of SNS in a month are free. \`alerts.dollarsADay\` adds an alarm for ${money(PRICES.alarmMonth.dollars)}, and one metric (below) if metrics are off.
- **Metrics** (\`metrics.level\`). They are off by default. \`runs\` sends ${SUMMED_METRICS} metrics in the hours in which runs go on: ${metricsOf(0)} a month with the nightly files,
  at most ${money(SUMMED_METRICS * PRICES.metricMonth.dollars)} with runs in every hour. \`codes\` adds ${money(PRICES.metricMonth.dollars)} for each error code that occurs in every hour of a month.
- **Dashboard** (\`metrics.dashboard\`). It costs ${money(PRICES.dashboardMonth.dollars)} a month if the account already has three dashboards.
- **Tracing.** The table assumes one trace for each execution and one for each [batch](glossary.md#batch). X-Ray records only one trace a second and 5 % of the others, so
  the real cost is lower.
- **KMS** (\`encryption.key\`). \`service\` costs nothing. \`own\` costs ${money(PRICES.kmsKeyMonth.dollars)} a month for the key, ${money(PRICES.kmsKeyMonth.dollars)} more for each of its first two yearly rotations,
  and the requests to KMS; S3's bucket key avoids most of these requests. The nightly 100 GiB cost ${oneKey({ key: 'own' })} with it instead of ${oneKey({})}.
- **Waiting.** The [gate](glossary.md#gate) looks every ${size.gateIntervalSeconds} s: [waiting.md](waiting.md) shows what a long wait costs.

## What was measured, and what was estimated

Nothing was measured on AWS. \`costs/usage.ts\` gives the source of each figure.

| figure | value |
|---|---:|
${Object.entries(USAGE)
  .map(([name, value]) => `| \`${name}\` | ${Number(value.toPrecision(3))} |`)
  .join('\n')}

## The prices

\`costs/prices.ts\`, read on ${PRICES_READ.on}. Some of the vendor's own pages load their numbers by a script. For these prices the table names another page.

| unit | price in $ | source |
|---|---:|---|
${Object.values(PRICES)
  .map(
    ({ unit, dollars, source }) =>
      `| ${unit} | ${Number(dollars.toPrecision(6))} | [${new URL(source).hostname}](${source}) |`,
  )
  .join('\n')}
`;
}

function loadAt(index: number) {
  const load = LOADS[index];
  if (load === undefined) throw new Error(`there is no load ${index}`);
  return load;
}
