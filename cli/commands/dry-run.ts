import { EXIT } from '../exit-code.ts';
import { countText } from '../screen/quantities.ts';
import type { Screen } from '../screen/screen.ts';
import type { PreparedRun } from './run.ts';
import { plannedNow } from './validate.ts';

/**
 * `sluice run --dry-run`: what Plan would make of the input now. It starts nothing and asks nobody.
 *
 * @throws InvalidInputError with all problems.
 */
export function dryRun({ name, input, list }: PreparedRun, screen: Screen, json: boolean): number {
  const items = plannedNow(input);
  if (json) {
    screen.print(JSON.stringify({ run: name, input, items }));
    return EXIT.complete;
  }
  for (const { name: item, url } of items) screen.print(url === null ? item : `${url} → ${item}`);
  const more = list === undefined ? '' : ', and what the list names';
  screen.print(`Run ${name} would have ${countText(items.length, 'item')}${more}. Nothing was started.`);
  return EXIT.complete;
}
