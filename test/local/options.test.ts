import { expect, it } from 'vitest';
import { readOptions } from '#local/options.ts';
import { loadedAgain, sampleInput } from '#local/sample-run.ts';

it('npm start reads --redshift, which is off by default', () => {
  expect(readOptions([])).toMatchObject({ redshift: false });
  expect(readOptions(['--redshift', '--keep'])).toMatchObject({ redshift: true, keep: true, urls: [] });
});

it.each([
  ['URLs', ['--redshift', 'https://example.org/a'], '--redshift runs the sample data: it takes no URLs'],
  ['--late', ['--redshift', '--late'], '--redshift and --late exclude each other'],
])('npm start refuses --redshift with %s', (_, args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

it('npm start names all mistakes of its command line at once', () => {
  const args = ['nonsense', 'ftp://x/y', '--late', '--redshift', '--colour', '--keep=yes', '--process'];
  expect(() => readOptions(args)).toThrow(
    expect.objectContaining({
      problems: [
        "unknown option '--colour'",
        '--keep takes no value: remove "yes"',
        '--process has no value: give one',
        '--late runs the sample data: it takes no URLs',
        '--redshift runs the sample data: it takes no URLs',
        '--redshift and --late exclude each other: remove one of them',
        'sources[0].url: takes an absolute URL, got "nonsense"',
        'sources[1].url: takes an http or https URL, got "ftp://x/y"',
      ],
    }),
  );
});

it('only with --redshift does the sample run load two data sets, and load them a second time', () => {
  const origin = 'http://127.0.0.1:1';
  expect(loadedAgain(sampleInput(origin, { late: false, redshift: false }))).toEqual({ sources: [] });
  expect(loadedAgain(sampleInput(origin, { late: false, redshift: true }))).toMatchObject({
    sources: [
      { key: 'raw/airports.csv', process: 'parquet', load: { table: 'raw.airports', mode: 'replace' } },
      { key: 'raw/seattle-weather.csv', process: 'parquet', load: { table: 'raw.seattle_weather', mode: 'append' } },
    ],
  });
});
