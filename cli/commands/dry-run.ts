import pMap from 'p-map';
import { money } from '#costs/money.ts';
import { type Item, itemName, type SourceItem } from '#run/item.ts';
import type { Problem } from '#run/problem/problem.ts';
import { bytesText, countText, secondsText } from '#run/quantities.ts';
import { lookAtSource, type SourceLook } from '#transfer/index.ts';
import { guardFor } from '../copy/guard-for.ts';
import { EXIT } from '../exit-code.ts';
import { explain } from '../explain.ts';
import { costOfSource } from '../probe/source-lines.ts';
import { failureText, mendLines } from '../screen/problem-text.ts';
import type { Screen } from '../screen/screen.ts';
import { renderTable } from '../screen/table.ts';
import type { PreparedRun } from './run.ts';

/** Each probe reads up to 8 MiB of its source. */
const MOST_PROBED = 50;
const PROBES_AT_ONCE = 4;
/** A source that answers later is reported as slow. */
const PROBE_SECONDS = 30;

/** The result of a probe for one item. */
interface Probed {
  readonly item: Item;
  readonly look?: SourceLook;
  readonly problem?: Problem;
  /** Why the source was not probed. */
  readonly notAsked?: string;
}

/**
 * `sluice run --dry-run`: shows what Plan would make from the input now, and the result of a probe for each source,
 * with time and dollars. It starts nothing. Requests are sent from this machine, under the rules for a person and not
 * the deployment's: every address that the person typed may be asked.
 *
 * @returns the exit code of a run in which each source answers as it does now.
 */
export async function dryRun(
  { name, input, planned }: PreparedRun,
  screen: Screen,
  json: boolean,
  signal: AbortSignal,
) {
  const { count, items } = planned;
  const asked = items.slice(0, MOST_PROBED);
  const sources = asked.filter((item) => item.kind === 'source').map(({ url }) => url);
  const guard = guardFor(sources, []);
  const asking = `probing ${countText(sources.length, 'source')}`;
  if (!json && sources.length > 0) screen.progress([asking], asking);
  const probed = await pMap(asked, (item) => probe(item, guard, signal), { concurrency: PROBES_AT_ONCE });
  screen.clear();
  const refused = probed.filter(({ problem }) => problem !== undefined).length;
  if (json) {
    const rest = items.slice(MOST_PROBED).map((item) => ({ item, notAsked: 'only the first sources are probed' }));
    screen.print(JSON.stringify({ run: name, input, count, items: [...probed, ...rest].map(lineOf) }));
  } else show(probed, count, screen, name);
  if (refused === 0) return EXIT.complete;
  return refused === count ? EXIT.failed : EXIT.partial;
}

async function probe(item: Item, guard: ReturnType<typeof guardFor>, signal: AbortSignal): Promise<Probed> {
  if (item.kind === 'work') return { item, notAsked: 'the item has no source' };
  const headers = plainHeaders(item);
  if (headers === undefined) return { item, notAsked: 'only the deployment can read its credentials' };
  const limit = AbortSignal.timeout(PROBE_SECONDS * 1_000);
  try {
    const look = await lookAtSource({ url: item.url, headers }, { guard, signal: AbortSignal.any([signal, limit]) });
    const isProven = item.allowUnprovenEnd === true || item.expect !== undefined;
    if (look.lands !== 'refused' || isProven) return { item, look };
    const message = `${look.url} does not prove the end of its body`;
    return { item, look, problem: explain({ name: 'UnprovenEndError', message }) };
  } catch (error) {
    signal.throwIfAborted();
    const late = { code: 'connection-timeout', name: 'TimeoutError', message: `no answer within ${PROBE_SECONDS} s` };
    return { item, problem: explain(limit.aborted ? late : error) };
  }
}

/** @returns undefined if a header or the request needs a secret. */
function plainHeaders({ headers = {}, query, basicAuth, oauth2 }: SourceItem): Record<string, string> | undefined {
  if (query !== undefined || basicAuth !== undefined || oauth2 !== undefined) return undefined;
  const entries = Object.entries(headers);
  const plain = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return plain.length === entries.length ? Object.fromEntries(plain) : undefined;
}

function lineOf({ item, look, problem, notAsked }: Probed) {
  return {
    name: itemName(item),
    url: item.kind === 'source' ? item.url : null,
    look: look ?? null,
    dollars: (look && costOfSource(look)) ?? null,
    problem: problem ?? null,
    notAsked: notAsked ?? null,
  };
}

function show(probed: readonly Probed[], count: number, screen: Screen, run: string): void {
  const columns = [
    { head: 'lands at' },
    { head: 'size', align: 'right' as const },
    { head: 'how' },
    { head: 'time', align: 'right' as const, drop: 1 },
    { head: 'to land', align: 'right' as const, drop: 2 },
    { head: 'a month', align: 'right' as const, drop: 3 },
    { head: 'from', drop: 4 },
  ];
  screen.print(renderTable(columns, probed.map(rowOf), screen.width));
  const failures = probed.flatMap(({ item, problem }) =>
    problem === undefined ? [] : [{ name: itemName(item), stage: 'probe', problem }],
  );
  if (failures.length > 0) {
    screen.print('\nWould fail:');
    for (const failure of failures) screen.print(`  ${failureText(failure, screen.paint)}`);
    screen.print('\nWhat to do:');
    for (const line of mendLines(failures.map(({ problem }) => problem))) screen.print(`  ${line}`);
  }
  const known = probed.flatMap(({ look }) => (look === undefined ? [] : [look]));
  const bytes = known.reduce((sum, look) => sum + (look.bytes ?? 0), 0);
  const costs = known.flatMap((look) => costOfSource(look) ?? []);
  const land = costs.reduce((sum, { s3Requests, lambda }) => sum + s3Requests + lambda, 0);
  const keep = costs.reduce((sum, { storageAMonth }) => sum + storageAMonth, 0);
  const longest = Math.max(0, ...known.map((look) => secondsOf(look) ?? 0));
  const unknown = count - costs.length;
  screen.print(
    [
      `\nRun ${run} would have ${countText(count, 'item')}. ${countText(known.length, 'source')} that answered: ${bytesText(bytes)}`,
      `about ${money(land)} to land, ${money(keep)} a month to keep`,
      ...(longest > 0 ? [`the longest takes about ${secondsText(longest)} on one connection`] : []),
    ].join('; '),
  );
  if (unknown > 0)
    screen.print(`These figures don't include ${countText(unknown, 'item')} without a known size, or not probed.`);
  screen.print('Nothing was started.');
}

function rowOf({ item, look, problem, notAsked }: Probed): string[] {
  const cost = look && problem === undefined ? costOfSource(look) : undefined;
  const seconds = look && secondsOf(look);
  return [
    itemName(item),
    look?.bytes === undefined ? '' : bytesText(look.bytes),
    problem?.code ?? look?.lands ?? notAsked ?? '',
    seconds === undefined ? '' : secondsText(seconds),
    cost === undefined ? '' : money(cost.s3Requests + cost.lambda),
    cost === undefined ? '' : money(cost.storageAMonth),
    look?.url ?? '',
  ];
}

/** The time for the transfer on one connection, at the speed of the probe. */
function secondsOf({ bytes, bytesPerSecond }: SourceLook): number | undefined {
  return bytes === undefined || bytesPerSecond === undefined ? undefined : bytes / bytesPerSecond;
}
