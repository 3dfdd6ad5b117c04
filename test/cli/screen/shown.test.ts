import { styleText } from 'node:util';
import { expect, it } from 'vitest';
import { indented, oneLine, shown } from '#cli/screen/shown.ts';

it('the screen keeps our own colours, and makes every other escape visible', () => {
  const red = styleText('red', 'failed', { validateStream: false });
  expect(shown(`${red} \u001b[2J\u001b[8mhidden\u001b]0;title\u0007`)).toBe(
    `${red} \\u001b[2J\\u001b[8mhidden\\u001b]0;title\\u0007`,
  );
});

it('the screen makes line feeds visible in a text that is one row', () => {
  expect(oneLine('a\nb')).toBe('a\\u000ab');
  expect(shown('a\nb')).toBe('a\nb');
});

it('the screen indents the further lines of a message', () => {
  expect(indented('a\nRun night is complete')).toBe('a\n    Run night is complete');
});
