import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { QUERIES } from '#lib/monitoring/log-queries.ts';
import { runEndedSchema } from '#run/events/run-ended.ts';
import { METRICS } from '#run/metrics/metrics.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const block = (kind: string) => JSON.parse(page.split(`\`\`\`json ${kind}\n`)[1]?.split('```')[0] ?? '');

it('the event in docs/operations.md has every field of the schema, and no other', () => {
  const event = block('event');
  expect(runEndedSchema.parse(event)).toEqual(event);
  expect(Object.keys(event)).toEqual(Object.keys(runEndedSchema.shape));
});

it('docs/operations.md has a row for each metric, and no other row', () => {
  const rows = Object.entries(METRICS).map(
    ([name, { unit, what, when }]) => `| \`${name}\` | ${unit} | ${what} | ${when} |`,
  );
  const [, table = ''] = page.split('|---|---|---|---|\n');
  expect(table.split('\n\n')[0]).toBe(rows.join('\n'));
});

it('docs/operations.md names each saved query', () => {
  for (const name of Object.keys(QUERIES)) expect(page).toContain(`\n- ${name}\n`);
});

it('docs/operations.md says for each alert what to do', () => {
  const links = [...page.matchAll(/^\| \[[^\]]+\]\(#([a-z-]+)\) \|/gm)].map(([, anchor]) => anchor);
  const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading.replaceAll(' ', '-'));
  expect(links).toHaveLength(15);
  expect(headings).toEqual(expect.arrayContaining(links));
});
