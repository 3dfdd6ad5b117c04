import { printable } from '#net/printable.ts';
import { shortText } from '#net/short-text.ts';
import type { LoadOutcome } from '#run/end/manifest.ts';
import { countText, secondsText } from '#run/quantities.ts';
import { html, type Markup } from '../html.ts';
import type { RunView } from '../view.ts';
import { asSentence } from './as-sentence.ts';
import { MOST_DETAIL } from './said-failure.ts';

const TONES = {
  loaded: 'good',
  nothing: 'mute',
  loading: 'info',
  'not begun': 'mute',
  failed: 'bad',
  cancelled: 'bad',
} as const satisfies Record<LoadOutcome['state'], string>;

/** The tables of the warehouse: what was loaded into each, and why a load failed. Nothing if the run loads no table. */
export function loads({ loads: all, outcome }: RunView): Markup {
  if (all.length === 0) return html``;
  return html`<section class="card" aria-labelledby="loads-head">
<h2 id="loads-head">Into the warehouse</h2>
<div class="scroll" tabindex="0" role="group" aria-labelledby="loads-head"><table>
<thead><tr><th scope="col">Table</th><th scope="col" class="wide">Mode</th><th scope="col">Outcome</th><th scope="col" class="number">Rows</th><th scope="col" class="number wide">Files</th><th scope="col" class="number wide">Took</th></tr></thead>
<tbody>${all.map(row)}</tbody></table></div>
${all.map(problemOf)}
${all.some(({ notDone }) => notDone > 0) && outcome !== 'running' && html`<p class="soft">Items that are not loaded failed or are missing: a retry of the run loads them.</p>`}
</section>`;
}

function row({ table, mode, state, rows, objects, seconds, heldBack, notDone }: LoadOutcome): Markup {
  const more = [
    ...(heldBack > 0 ? [`${countText(heldBack, 'unchanged item')} held back`] : []),
    ...(notDone > 0 ? [`${countText(notDone, 'item')} not loaded`] : []),
  ];
  return html`<tr><th scope="row" class="name">${nameOf(table)}${more.length > 0 && html`<br><span class="soft">${more.join(', ')}</span>`}</th>
<td class="wide">${mode}</td><td><span class="tag ${TONES[state]}">${state}</span></td>
<td class="number">${rows === null ? '–' : rows.toLocaleString('en')}</td><td class="number wide">${objects.toLocaleString('en')}</td><td class="number wide">${seconds === null ? '–' : secondsText(seconds)}</td></tr>
`;
}

function problemOf({ table, problem }: LoadOutcome): Markup {
  if (problem === null) return html``;
  const { detail, mend, type } = problem;
  return html`<div class="failure"><h3>${nameOf(table)}</h3>
<p class="detail">${shortText(detail, MOST_DETAIL)}</p>
<p class="mend"><strong>What to do:</strong> ${asSentence(mend)} <span class="soft">More in ${type}.</span></p></div>`;
}

function nameOf(table: string): string {
  return printable(table, { lines: false });
}
