import { styleText } from 'node:util';
import { expect, it } from 'vitest';
import { indented, oneLine, shown } from '#cli/screen/shown.ts';

it('leaves our own colours, and shows every other escape', () => {
  const red = styleText('red', 'failed', { validateStream: false });
  expect(shown(`${red} \u001b[2J\u001b[8mhidden\u001b]0;title\u0007`)).toBe(
    `${red} \\u001b[2J\\u001b[8mhidden\\u001b]0;title\\u0007`,
  );
});

it('shows line feeds in what is one row', () => {
  expect(oneLine('a\nb')).toBe('a\\u000ab');
  expect(shown('a\nb')).toBe('a\nb');
});

it('lets the further lines of a message stand further in', () => {
  expect(indented('a\nRun night is complete')).toBe('a\n    Run night is complete');
});
