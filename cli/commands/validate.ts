import { readFile } from 'node:fs/promises';
import { InvalidInputError } from '#run/errors.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';
import { itemName } from '#run/item.ts';
import { itemsOfInput } from '#run/plan/items.ts';
import { EXIT } from '../exit-code.ts';
import { executionInput } from '../input/execution-input.ts';
import { fileError } from '../input/file-error.ts';
import { countText } from '../screen/quantities.ts';
import type { Screen } from '../screen/screen.ts';

/**
 * `sluice validate`: checks an execution input by the code that Plan checks it by, and shows what it would land where now. It asks nobody:
 * a list that the input names, and the deployment's own settings, are looked at by Plan alone.
 *
 * @throws UsageError where the file can't be read; InvalidInputError with all problems.
 */
export async function validate(file: string, screen: Screen, json: boolean): Promise<number> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (cause) {
    throw fileError(cause);
  }
  const items = plannedNow(executionInput({ sources: [], base: text }));
  if (json) {
    screen.print(JSON.stringify({ valid: true, items }));
    return EXIT.complete;
  }
  for (const { name, url } of items.slice(0, 20)) screen.print(url === null ? name : `${url} → ${name}`);
  if (items.length > 20) screen.print(`and ${countText(items.length - 20, 'more item')}`);
  screen.print(
    `${file} is valid: ${countText(items.length, 'item')}${'sourcesFrom' in JSON.parse(text) ? ', and what its list names' : ''}.`,
  );
  return EXIT.complete;
}

/**
 * The items that an input names itself, with templates filled from the present time.
 *
 * @throws InvalidInputError with every problem of keys and templates, and two sources for one key.
 */
export function plannedNow(input: Record<string, unknown>): { readonly name: string; readonly url: string | null }[] {
  const parsed = executionInputSchema.parse(input);
  const problems: string[] = [];
  const defaults = {
    scheduledTime: parsed.scheduledTime === undefined ? new Date() : new Date(parsed.scheduledTime),
    timeZone: parsed.timeZone,
    process: parsed.process,
    processors: PROCESSOR_NAMES,
  };
  const seen = new Set<string>();
  const items = [...itemsOfInput(parsed, defaults, (problem) => problems.push(problem))].map((item) => {
    const name = itemName(item);
    if (seen.has(name)) problems.push(`${name}: is named twice`);
    seen.add(name);
    return { name, url: item.kind === 'source' ? item.url : null };
  });
  if (problems.length > 0) throw new InvalidInputError(problems);
  return items;
}
