import { expect, it } from 'vitest';
import { outputFiles } from '#cli/report/output-files.ts';

const filesOf = (...keys: string[]) => [...outputFiles(keys).values()];

it('an output alone is a file by its name', () => {
  expect(filesOf('output/run/item/1/pages.jsonl')).toEqual(['pages.jsonl']);
});

it('outputs of one name in different folders keep their folders', () => {
  expect(filesOf('tables/o/country=DE/data_0.parquet', 'tables/o/country=FR/data_0.parquet')).toEqual([
    'country=DE/data_0.parquet',
    'country=FR/data_0.parquet',
  ]);
  expect(filesOf('a/rejects.csv', 'a/b/data.parquet')).toEqual(['rejects.csv', 'b/data.parquet']);
});

it('a key with .. becomes a file name inside the folder', () => {
  expect(filesOf('a/../../b/c', 'a/d')).toEqual(['c', 'd']);
});
