import { type DeploymentSize, SUMMED_METRICS } from './deployment.ts';
import { LOADS } from './loads.ts';
import { money } from './money.ts';
import { monthlyCosts, totalOf } from './monthly-costs.ts';
import { PRICES, PRICES_READ } from './prices.ts';
import { USAGE } from './usage.ts';

/** What `alerts.email` adds to a template (lib/monitoring/alerts.ts). */
export const WITH_ALERTS = { alarms: 5, watchGb: 0.5 } as const;

/** Where the README has its part of this. */
export const README_COSTS =
  /(?<=<!-- costs: `npm run costs -- --write` writes this -->\n)[\s\S]*?(?=<!-- end of costs -->)/;

/** The loads, the lines of the bill, and what they cost with this deployment: a table in Markdown. */
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
      '**in all**',
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
**What it costs.** While nothing runs: the storage of what landed, of old versions of overwritten objects (${size.oldVersionDays} days), of
${size.runDays} days of run records and of ${size.logDays} days of logs. Nothing else: no NAT, no load balancer, no service, no alarm that polls. With runs,
by list prices of ${PRICES_READ.region} read on ${PRICES_READ.on}:

| load | a month | of which |
|---|---:|---|
| ${LOADS[0]?.name} | ${money(small)} | ${money(lineOf(size, 0, 'objects of a month kept'))} storage of the month's files |
| ${LOADS[1]?.name} | ${money(large)} | ${money(old)} old versions, ${money(lineOf(size, 1, 'objects of a month kept'))} the file itself |
| ${LOADS[2]?.name} | ${money(many)} | ${money(lineOf(size, 2, 'S3 requests'))} S3 requests, ${money(lineOf(size, 2, 'logs taken in'))} logs |

[docs/costs.md](docs/costs.md) has every line (public IPv4 addresses, log ingestion, tracing and KMS among them), what was
measured and what is reckoned. \`npm run costs\` computes it from the template of your own settings.

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

Dollars a month (30 days) for three loads, with the default settings, by list prices of ${PRICES_READ.region} read on ${PRICES_READ.on}, without
free tiers. \`npm run costs\` computes the same from the template of your own settings, and takes \`-c\` as \`cdk\` does:
\`npm run costs -- -c sluice.workers.spot=false\`.

${costsTable(size)}

While nothing runs, only the last three lines and "logs kept" go on. Data that comes in from the Internet costs nothing, and
neither does the way to S3 (a gateway endpoint). What leaves AWS is not in here: Sluice sends nothing out.

## What a setting changes

- **Old versions** (\`bucket.oldVersionDays\`). An overwritten object stays as an old version, so that a bad file can be had
  back. A file of 100 GiB that is written to one key every night keeps ${oldOf(1)} a month of old versions with 1 day, ${oldOf(3)} with 3,
  ${oldOf(7)} with 7: with 7 days there are eight copies at a time. The default is ${size.oldVersionDays} days: a bad file of Friday night can be had back
  on Monday. Keys with a date in them make no old versions.
- **Public IPv4 addresses.** Workers in Sluice's own VPC have one each, for that is their way out without a NAT. They are charged
  by the hour while a worker runs. In a VPC of yours (\`network.vpcId\`) there are none, and a NAT, which costs all the time.
- **Spot** (\`workers.spot\`). Without it the million files cost ${many({ spot: false })} instead of ${many({})}.
- **Logs.** Taking in is charged once, keeping by \`logs.retentionDays\`. \`logs.stateMachineLevel=ALL\` adds a line for each state.
- **Alerts** (\`alerts.email\`, \`alerts.topic\`). Off by default, and then nothing. On, ${money(alerts)} a month: ${WITH_ALERTS.alarms} alarms, and a function that looks
  every 15 minutes for what has not happened. Alerts that come from events cost nothing worth naming. Mails of SNS: the first thousand a
  month are free.
- **Metrics** (\`metrics.level\`). Off by default. \`runs\` sends ${SUMMED_METRICS} metrics in the hours in which runs go on: ${metricsOf(0)} a month with the nightly files,
  at most ${money(SUMMED_METRICS * PRICES.metricMonth.dollars)} with runs in every hour. \`codes\` adds ${money(PRICES.metricMonth.dollars)} for each code that occurs in every hour of a month.
- **Dashboard** (\`metrics.dashboard\`). ${money(PRICES.dashboardMonth.dollars)} a month, where the account has three already.
- **Tracing.** A trace an execution and one a batch, where X-Ray records all of them. It records one a second and 5 % of the rest, so
  it is less.
- **KMS** (\`encryption.key\`). With \`service\` nothing. \`own\` is ${money(PRICES.kmsKeyMonth.dollars)} a month for the key, ${money(PRICES.kmsKeyMonth.dollars)} more for each of its first two yearly rotations,
  and requests; S3's bucket key spares most. The nightly 100 GiB cost ${oneKey({ key: 'own' })} with it instead of ${oneKey({})}.
- **Waiting.** A look of the gate every ${size.gateIntervalSeconds} s: [waiting.md](waiting.md) says what a long wait costs.

## What was measured, and what is reckoned

Nothing was measured on AWS. \`costs/usage.ts\` says where each figure comes from.

| figure | value |
|---|---:|
${Object.entries(USAGE)
  .map(([name, value]) => `| \`${name}\` | ${Number(value.toPrecision(3))} |`)
  .join('\n')}

## The prices

\`costs/prices.ts\`, read on ${PRICES_READ.on}. The vendor's own pages fill some of their numbers in by script; then a page of others is named.

| for a | $ | where it was read |
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
