import { z } from 'zod';
import type { Manifest } from '#run/end/manifest.ts';
import { BUSY_FILE, DATA_SETS, GENERATED_FILE } from './sample-source/files.ts';

/** The sample source answers 404 for this name. */
const WITHDRAWN_FILE = 'withdrawn.csv';
const SCRAPE = 'four stations';

/** How `--redshift` loads a data set. */
const LOADS: Readonly<Record<string, object>> = {
  'airports.csv': { process: 'parquet', load: { table: 'raw.airports', mode: 'replace' } },
  'seattle-weather.csv': { process: 'parquet', load: { table: 'raw.seattle_weather', mode: 'append' } },
};

/** Settings with which the gate stops waiting for the slow scrape after 8 s. */
export const LATE_SETTINGS = { 'gate.attempts': 8, 'gate.mayEndBeforeItems': true };

/**
 * Returns the execution input of the sample run: real data sets, a file of 128 MiB, one that is busy at first, one that
 * does not exist, and a small site to scrape. It shows a retry and a failure on purpose.
 *
 * @param options.late makes the scrape wait so long between two pages that the gate stops waiting for it.
 * @param options.redshift loads two of the data sets into tables.
 */
export function sampleInput(origin: string, options: { late: boolean; redshift: boolean }): Record<string, unknown> {
  const source = (name: string) => ({
    url: `${origin}/data/${name}`,
    key: `raw/${name}`,
    ...(options.redshift && LOADS[name]),
  });
  return {
    sources: [
      // This comes first because it takes longest: the gatekeeper then has to wait until a worker has read it too.
      ...(options.late ? [] : [source(GENERATED_FILE)]),
      // Its source lets the engine wait for two seconds, in which the others land.
      ...[BUSY_FILE, ...DATA_SETS, WITHDRAWN_FILE].map(source),
    ],
    work: [
      {
        processor: 'scrape',
        name: SCRAPE,
        input: { url: `${origin}/site/` },
        options: { delaySeconds: options.late ? 60 : 0.05 },
      },
    ],
    process: 'profile',
    onLate: 'partial',
  };
}

/** Returns the sources of an execution input that are loaded, which `--redshift` runs a second time. */
export function loadedAgain(input: Record<string, unknown>): Record<string, unknown> {
  const { sources } = z.object({ sources: z.array(z.looseObject({ load: z.unknown().optional() })) }).parse(input);
  return { sources: sources.filter(({ load }) => load !== undefined) };
}

/** Returns a schedule for a deployment that stays up: each night the last of some URLs, with the date in its key. */
export function nightly(urls: readonly string[]) {
  return {
    name: 'nightly',
    expression: 'cron(30 4 * * ? *)',
    timeZone: 'UTC',
    input: { sources: urls.slice(-1).map((url) => ({ url, key: 'nightly/{yyyy}-{MM}-{dd}' })) },
  };
}

/** The URL that each key of an execution input comes from. */
export function sourcesByKey(input: Record<string, unknown>): ReadonlyMap<string, string> {
  const { sources } = z.object({ sources: z.array(z.object({ url: z.string(), key: z.string() })) }).parse(input);
  return new Map(sources.map(({ url, key }) => [key, url]));
}

/** Returns what differs from the expected results of a sample run, a sentence each. */
export function checkSampleRun(manifest: Manifest, options: { late: boolean }): string[] {
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(', ') || 'nothing';
  const expected = {
    outcome: 'partial',
    failed: `raw/${WITHDRAWN_FILE}`,
    missing: options.late ? SCRAPE : 'nothing',
    forced: String(options.late),
  };
  const found: Record<keyof typeof expected, string> = {
    outcome: manifest.outcome,
    failed: names(manifest.failed),
    missing: names(manifest.missing),
    forced: String(manifest.forced),
  };
  return (Object.keys(expected) as (keyof typeof expected)[])
    .filter((name) => found[name] !== expected[name])
    .map((name) => `${name}: ${found[name]}, but the sample run always has ${expected[name]}`);
}
