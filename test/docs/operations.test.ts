import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runEndedSchema } from '#run/events/run-ended.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const block = (kind: string) => JSON.parse(page.split(`\`\`\`json ${kind}\n`)[1]?.split('```')[0] ?? '');

it('the event in docs/operations.md has every field of the schema, and no other', () => {
  const event = block('event');
  expect(runEndedSchema.parse(event)).toEqual(event);
  expect(Object.keys(event)).toEqual(Object.keys(runEndedSchema.shape));
});
