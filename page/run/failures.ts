import { printable } from '#net/printable.ts';
import { shortText } from '#net/short-text.ts';
import { countText } from '#run/quantities.ts';
import { kit } from '../browser/kit.js';
import { isPlainWord, placeOf, sluiceCommand } from '../commands.ts';
import { fromNode } from '../from-node.ts';
import { html, type Markup } from '../html.ts';
import type { RunView } from '../view.ts';
import { asSentence } from './as-sentence.ts';
import { type SaidFailure, saidFailure } from './said-failure.ts';

/**
 * The limit for each kind of failure, and for missing items: a name may have 1,024 characters, and the page has 2 MB.
 */
const SHOWN = 10;
/** Kinds of failures. */
const MOST_KINDS = 12;

const { commandOf } = kit();

/** What went wrong, the most frequent kind first, each with what to do; and the missing items. */
export function failures({ plan, counts, failed, missing, outcome }: RunView): Markup {
  if (counts.failed === 0 && (counts.missing === 0 || outcome === 'running')) return html``;
  const { runId, executionArn } = plan;
  const place = placeOf(executionArn);
  const kinds = Map.groupBy(failed.map(saidFailure), ({ kind }) => kind);
  const sorted = [...kinds.values()].toSorted((one, other) => other.length - one.length);
  const command = (...words: string[]) => fromNode(commandOf(sluiceCommand(place, ...words)));
  const word = (name: string, item: string) => (isPlainWord(name) ? name : item);
  const all = command('retry', runId);
  return html`<section class="card" aria-labelledby="failures-head">
<h2 id="failures-head">${counts.failed === 0 ? 'Missing' : counts.missing === 0 ? 'Failures' : 'Failed and missing'}</h2>
<p class="soft">To run only the failed and missing items again:</p>
${all}
${sorted.slice(0, MOST_KINDS).map((some) => kindOf(some, counts.failed, (name, item) => command('logs', runId, word(name, item))))}
${sorted.length > MOST_KINDS && html`<p>and ${countText(sorted.length - MOST_KINDS, 'more kind')} of failure: the table of items below shows them</p>`}
${failed.length < counts.failed && html`<p class="soft">These are the first ${failed.length.toLocaleString('en')} of ${counts.failed.toLocaleString('en')}; <code>${sluiceCommand(place, 'items', runId, '--failed')}</code> lists all.</p>`}
${
  missing.length > 0 &&
  html`<div class="failure"><h3><span class="tag warn">missing</span> ${countText(counts.missing, 'item')} neither done nor failed</h3>
<p class="detail">Time was up before these items were done. The landed objects are kept, so a retry only processes them.</p>
<ul>${missing
    .slice(0, SHOWN)
    .map(
      ({ name, landed }) =>
        html`<li>${printable(shortText(name, 300), { lines: false })}${landed && html` <span class="soft">(landed, not processed)</span>`}</li>`,
    )}</ul>
${counts.missing > SHOWN && more(counts.missing - Math.min(SHOWN, missing.length), 'missing')}</div>`
}
</section>`;
}

function kindOf(some: readonly SaidFailure[], counted: number, logs: (name: string, item: string) => Markup): Markup {
  const [first] = some;
  if (first === undefined) return html``;
  const { title, stage, page } = first;
  const shown = some.slice(0, SHOWN);
  // A mend names its own item; for several items it must be general.
  const mend =
    some.length === 1 ? first.mend : first.mend.replaceAll(first.item, 'ITEM').replaceAll(first.name, 'ITEM');
  return html`<div class="failure">
<h3><span class="tag bad">${countText(some.length, 'item')}</span> ${title} <span class="soft">in ${stage}</span></h3>
<p class="mend"><strong>What to do:</strong> ${asSentence(mend)} <span class="soft">More in ${page}.</span></p>
<ul>${shown.map(
    ({ name, item, detail }) =>
      html`<li><strong>${name}</strong><div class="detail">${detail}</div>${logs(name, item)}</li>`,
  )}</ul>
${some.length > shown.length && more(some.length - shown.length, 'failed', counted)}
</div>`;
}

function more(count: number, status: string, of = count): Markup {
  return html`<p><button type="button" data-status="${status}" data-goes="">Show all ${Math.max(count, of).toLocaleString('en')} ${status} items</button></p>`;
}
