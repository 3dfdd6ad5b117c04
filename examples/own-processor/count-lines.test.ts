import { testProcessor } from 'sluice/processors';
import { expect, it } from 'vitest';
import { countLines } from './count-lines.ts';

it('counts the lines that are not empty', async () => {
  const run = await testProcessor(countLines, { object: 'a\n\nb\n', options: { skipEmpty: true } });
  expect(run.result).toEqual({ lines: 2 });
});
