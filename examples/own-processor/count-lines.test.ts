import { testProcessor } from 'sluice/processors';
import { expect, it } from 'vitest';
import { countLines } from './count-lines.ts';

it('counts the lines that are not empty', async () => {
  const run = await testProcessor(countLines, { object: 'a\n\nb\n', options: { skipEmpty: true } });
  expect(run.result).toEqual({ lines: 2 });
  expect(run.progress.at(-1)).toEqual({ lines: 2 });
});

it('refuses an option that it does not have', async () => {
  const run = testProcessor(countLines, { object: '', options: { fast: true } });
  await expect(run).rejects.toThrow('Unrecognized key: "fast"');
});
