/**
 * `npm run bundles` prints how many bytes of which npm packages each function and the worker contain. With a name, it
 * prints all packages of that bundle. `--update` makes the present sizes the budget, which a test enforces.
 */
import { refuse, scriptOptions } from '#local/script-options.ts';
import { beyondBudget, readBudget, writeBudget } from './budget.ts';
import { type BundleBytes, bundleBytes } from './bundle-bytes.ts';

/** How many packages of each bundle are named. */
const SHOWN = 6;

const SCRIPT = {
  command: 'npm run bundles --',
  about: 'Prints how many bytes of each npm package each function and the worker contain.',
  options: {
    update: { type: 'boolean', what: 'store the present sizes as the budget that a test compares' },
  },
  positionals: 'NAME …',
} as const;

const { values, positionals } = scriptOptions(SCRIPT);
const asked: readonly string[] = positionals;
const now = bundleBytes();
const unknown = asked.filter((name) => now[name] === undefined);
if (unknown.length > 0) {
  refuse(SCRIPT, `there is no bundle ${unknown.join(', ')}; there are ${Object.keys(now).join(', ')}`);
}
for (const [name, bundle] of Object.entries(now)) {
  if (asked.length === 0) console.log(line(name, bundle, SHOWN));
  else if (asked.includes(name)) console.log(line(name, bundle, Number.POSITIVE_INFINITY));
}
if (values.update) {
  writeBudget(now);
  console.log('release/bundles/budget.json has the present sizes.');
} else {
  for (const sentence of beyondBudget(readBudget(), now)) console.log(sentence);
}

function line(name: string, { atStart, later, packages }: BundleBytes, most: number): string {
  const kb = (bytes: number) => `${(bytes / 1_000).toFixed(1)} KB`;
  const largest = Object.entries(packages)
    .slice(0, most)
    .map(([other, bytes]) => `${other} ${kb(bytes)}`);
  return `${name}: ${kb(atStart)} at start, ${kb(later)} later: ${largest.join(', ')}`;
}
