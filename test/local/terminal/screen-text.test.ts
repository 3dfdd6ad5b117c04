import { expect, it } from 'vitest';
import { ScreenText } from '#local/terminal/screen-text.ts';

it('screenText returns what a terminal shows after a block was drawn again in its place', () => {
  const screen = new ScreenText();
  screen.write('started\r\nIngest, 1 s\r\n0 of 2\r\n');
  screen.write('\u001b[2A\u001b[1G\u001b[0JIngest, 2 s\r\n');
  expect(screen.toString()).toBe('started\nIngest, 2 s');
  screen.write('\u001b[1A\u001b[1G\u001b[0J\u001b[32mdone\u001b[39m\r\n');
  expect(screen.toString()).toBe('started\ndone');
});
