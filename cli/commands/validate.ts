import { itemName } from '#run/item.ts';
import { countText } from '#run/quantities.ts';
import { EXIT } from '../exit-code.ts';
import { executionInput } from '../input/execution-input.ts';
import { textOfFile } from '../input/file-error.ts';
import { plannedNow } from '../input/planned-now.ts';
import type { Screen } from '../screen/screen.ts';

/**
 * `sluice validate`: checks an execution input with the same code as Plan, and shows what it would land where now. It
 * sends no request: only Plan reads a list that the input names, and the deployment's own settings.
 *
 * @throws UsageError if the file can't be read; InvalidInputError with all problems.
 */
export async function validate(file: string, screen: Screen, json: boolean): Promise<number> {
  const text = await textOfFile(file);
  const { items: planned } = await plannedNow(executionInput({ sources: [], base: text }));
  const items = planned.map((item) => ({ name: itemName(item), url: item.kind === 'source' ? item.url : null }));
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
