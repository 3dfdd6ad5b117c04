import { runKeys } from '#run/keys.ts';
import { countText } from '#run/quantities.ts';
import { type Drawing, kit, type PageItem } from '../browser/kit.js';
import { placeOf, sluiceCommand } from '../commands.ts';
import { objectConsolePrefix } from '../console.ts';
import { fromNode } from '../from-node.ts';
import { html, type Markup } from '../html.ts';
import type { RunView } from '../view.ts';

/** The server draws these rows, for readers without scripts and for mail programs. The script draws them again. */
const FIRST_ROWS = 100;
const MOST_ROW_BYTES = 150_000;

const { rowOf } = kit();

/** How items of this run are drawn, here and in the browser. */
export function drawingOf({ plan, bucket, endMs, readAt }: RunView): Drawing {
  const { runId, executionArn, startedAt } = plan;
  const place = placeOf(executionArn);
  const prefix = place.isLocal ? '' : objectConsolePrefix(executionArn, bucket);
  const isFolder = place.isLocal && readAt === 'folder';
  return {
    span: endMs - Date.parse(startedAt),
    objects: isFolder ? '../objects/' : prefix,
    outputs: isFolder ? '../' : prefix,
    keyIsPath: isFolder,
    logs: sluiceCommand(place, 'logs', runId),
    get: sluiceCommand(place, 'get', runId),
  };
}

/** The first rows of the table. */
export function firstRows({ items }: RunView, drawing: Drawing): readonly Markup[] {
  const rows: Markup[] = [];
  let bytes = 0;
  for (const item of items.slice(0, FIRST_ROWS)) {
    const row = fromNode(rowOf(item, drawing));
    bytes += Buffer.byteLength(row.text);
    if (bytes > MOST_ROW_BYTES) break;
    rows.push(row);
  }
  return rows;
}

const HEADS = [
  ['name', 'Item', ''],
  ['status', 'Status', ''],
  ['bytes', 'Size', 'number'],
  ['took', 'Took', 'number wide'],
  ['start', 'Transfer, queue, work', 'wide'],
  ['rows', 'Rows', 'number wide'],
  ['badRows', 'Bad', 'number wide'],
] as const;

/**
 * The table of items with its controls.
 *
 * @param onPage how many items the page has.
 * @param rows the first of them.
 */
export function itemsTable({ plan, items }: RunView, onPage: number, rows: readonly Markup[]): Markup {
  const statuses = countBy(items.slice(0, onPage));
  const which =
    onPage < plan.items
      ? `${onPage.toLocaleString('en')} of ${countText(plan.items, 'item')}, failed and missing ones first, because the page is limited to 2 MB. ${runKeys(plan.runId).items} has all items.`
      : `${plan.items === 1 ? 'The item' : `All ${plan.items.toLocaleString('en')} items`} with the times for transfer, queue and work. Click a name to see links, proofs, columns and outputs.`;
  return html`<section class="card" aria-labelledby="items-head">
<h2 id="items-head">Items</h2>
<p class="words">${which}</p>
<div class="controls"><label>Search <input type="search" id="search" autocomplete="off" spellcheck="false"></label>
<span data-part="statuses">${[...statuses].map(
    ([status, count]) =>
      html`<button type="button" data-status="${status}" aria-pressed="false">${count.toLocaleString('en')} ${status}</button> `,
  )}</span></div>
<div class="scroll" tabindex="0" role="region" aria-label="Table of items"><table id="items">
<thead><tr>${HEADS.map(
    ([name, text, className]) =>
      html`<th scope="col" class="${className}"><button type="button" data-sort="${name}">${text}</button></th>`,
  )}</tr></thead>
<tbody>${rows}</tbody>
</table></div>
<div class="pager"><span id="counted" role="status"></span><button type="button" data-page="-1" disabled>Previous</button><button type="button" data-page="1" disabled>Next</button></div>
<noscript><p class="soft">This browser does not run scripts, so the page can't show the other items.</p></noscript>
</section>`;
}

/** How many items have each status, and how many have bad rows. */
function countBy(items: readonly PageItem[]): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { status, badRows = 0 } of items) {
    add(status);
    if (badRows > 0) add('bad rows');
  }
  return counts;
}
