import type { z } from 'zod';
import { money } from '#costs/money.ts';
import { bytesText, secondsText } from '#run/quantities.ts';
import { runsPage as script } from '../browser/runs-page.js';
import { document } from '../document.ts';
import { html } from '../html.ts';
import { clock, TONES } from '../run/head.ts';
import type { ListedRun, runsDataSchema } from './listed-run.ts';

/**
 * The page of all runs, the newest first. It also contains the runs as JSON: page and list are one object, so that they
 * agree even if two runs end at the same time.
 *
 * @param runs in the order of the page.
 * @param most the largest number of runs, for a reader who looks for an older one.
 */
export function renderRunsPage(stack: string, runs: readonly ListedRun[], most: number): string {
  const outcomes = Object.entries(Object.groupBy(runs, ({ outcome }) => outcome));
  const data: z.infer<typeof runsDataSchema> = { v: 1, runs };
  const [newest] = runs;
  return document({
    title: `Runs of ${stack}`,
    data,
    script: `(${script})()`,
    body: html`<header>
<p class="crumbs">${stack === 'Sluice' ? '' : html`Sluice <span aria-hidden="true">/</span> `}${stack}</p>
<h1>Runs</h1>
<p class="words">The page lists the ${runs.length.toLocaleString('en')} runs that ended last, and at most ${most.toLocaleString('en')}. ${newest !== undefined && `The last one ended ${clock(newest.closedAt)}.`} <code>npx sluice runs</code> also lists the runs that have not ended.</p>
</header>
<main><section class="card" aria-label="Runs">
<div class="controls"><label>Search <input type="search" id="search" autocomplete="off" spellcheck="false"></label>
<span>${outcomes.map(
      ([outcome, some]) =>
        html`<button type="button" data-status="${outcome}" aria-pressed="false">${some.length.toLocaleString('en')} ${outcome}</button> `,
    )}</span></div>
<div class="scroll" tabindex="0" role="region" aria-label="Table of runs"><table>
<thead><tr><th scope="col">Run</th><th scope="col">Outcome</th><th scope="col" class="wide">Schedule</th><th scope="col" class="number">Done</th><th scope="col" class="number wide">Failed</th><th scope="col" class="number wide">Missing</th><th scope="col" class="number wide">Landed</th><th scope="col" class="number wide">Took</th><th scope="col" class="number wide">Cost</th><th scope="col" class="wide">Ended, UTC</th></tr></thead>
<tbody>${runs.map(
      ({ runId, outcome, schedule, counts, bytes, startedAt, closedAt, dollars }) => html`<tr data-outcome="${outcome}">
<td class="name"><a href="${encodeURIComponent(runId)}/report.html">${runId}</a></td><td><span class="tag ${TONES[outcome]}">${outcome}</span></td><td class="wide">${schedule ?? ''}</td>
<td class="number">${counts.done.toLocaleString('en')} of ${counts.items.toLocaleString('en')}</td><td class="number wide${counts.failed > 0 && ' bad-text'}">${counts.failed.toLocaleString('en')}</td><td class="number wide${counts.missing > 0 && ' warn-text'}">${counts.missing.toLocaleString('en')}</td>
<td class="number wide">${bytesText(bytes)}</td><td class="number wide">${secondsText(Math.max(0, Date.parse(closedAt) - Date.parse(startedAt)) / 1_000)}</td><td class="number wide">${dollars === null ? '' : money(dollars)}</td><td class="wide nowrap">${clock(closedAt).replace(' UTC', '')}</td></tr>
`,
    )}</tbody>
</table></div>
<p class="pager" id="counted" role="status"></p>
</section></main>`,
  });
}
