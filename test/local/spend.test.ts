import { expect, it } from 'vitest';
import { spendText } from '#local/spend.ts';

it.each([
  [
    0.0004,
    undefined,
    'On AWS this costs $0.0004 by list prices. Sluice sends no alert about costs, because the setting alerts.dollarsADay has no value.',
  ],
  [
    0.5,
    5,
    'On AWS this costs $0.50 by list prices. The alert on spend would not have been sent: alerts.dollarsADay is $5.00.',
  ],
  [
    5,
    5,
    'On AWS this costs $5.00 by list prices. The alert on spend would have been sent: alerts.dollarsADay is $5.00.',
  ],
])('the local run reports whether a cost of $%s would send an alert with the setting %s', (dollars, limit, text) => {
  expect(spendText(dollars, limit)).toBe(text);
});
