import { money } from '#costs/money.ts';
import { shortText } from '#net/short-text.ts';
import { runKeys } from '#run/keys.ts';
import { noteLine } from '#run/problem/note.ts';
import { bytesText, countText, secondsText } from '#run/quantities.ts';
import { placeOf, sluiceCommand } from '../commands.ts';
import { executionConsoleUrl, folderConsoleUrl, logsConsoleUrl } from '../console.ts';
import { html, type Markup } from '../html.ts';
import type { RunView } from '../view.ts';
import { asSentence } from './as-sentence.ts';
import { MOST_DETAIL } from './said-failure.ts';

/** The number of notes; the manifest has all. */
const MOST_NOTES = 20;

export const TONES = { complete: 'good', partial: 'warn', late: 'bad', failed: 'bad', running: 'info' } as const;

/** Outcome, duration and the other important numbers, and links to further pages. */
export function head(view: RunView): Markup {
  const { plan, outcome, counts, notes } = view;
  const { runId, schedule } = plan;
  const place = placeOf(plan.executionArn);
  return html`<header data-part="head">
<p class="crumbs">${place.stack === 'Sluice' ? '' : html`Sluice <span aria-hidden="true">/</span> `}${place.stack}${
    schedule !== null &&
    html` <span aria-hidden="true">/</span> schedule ${schedule}, slot ${clock(plan.scheduledTime)}`
  }</p>
<h1>${runId}</h1>
<p class="verdict"><span class="tag ${TONES[outcome]}">${outcome}</span> <span>${sentence(view)}</span></p>
${share(plan.items, counts)}
${figures(view)}
${links(view)}
${problemOfRun(view)}
${notes.slice(0, MOST_NOTES).map(noteAbout)}
</header>`;
}

/** The progress of the run. */
function sentence({ plan, outcome, counts }: RunView): string {
  const left = outcome === 'running' ? 'to go' : 'missing';
  return `${[
    `${counts.done.toLocaleString('en')} of ${countText(plan.items, 'item')} done`,
    ...(counts.failed > 0 ? [`${counts.failed.toLocaleString('en')} failed`] : []),
    ...(counts.missing > 0 ? [`${counts.missing.toLocaleString('en')} ${left}`] : []),
  ].join(', ')}.`;
}

/** Why the run as a whole did not succeed, and what to do about it. */
function problemOfRun({ problem }: RunView): Markup {
  if (problem === null) return html``;
  const { title, detail, mend, type } = problem;
  return html`<div class="card"><h2>${title}</h2><p class="detail">${asSentence(shortText(detail, MOST_DETAIL))}</p>
<p class="mend"><strong>What to do:</strong> ${asSentence(shortText(mend, MOST_DETAIL))} <span class="soft">More in ${type}.</span></p></div>`;
}

/** What happened around the run, and what to do about it. */
function noteAbout(note: RunView['notes'][number]): Markup {
  return html`<p class="note">${shortText(noteLine(note), 600)}<br><strong>What to do:</strong> ${asSentence(shortText(note.mend, MOST_DETAIL))}</p>`;
}

/** Done, failed and missing as parts of one bar. */
function share(items: number, { done, failed, missing }: RunView['counts']): Markup {
  const of = Math.max(1, items);
  const parts = [
    ['done', done],
    ['failed', failed],
  ] as const;
  let x = 0;
  const rects = parts.map(([name, count]) => {
    // One item of a million must be visible too.
    const width = count === 0 ? 0 : Math.max(4, (count / of) * 1_000);
    const rect = html`<rect class="${name}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"/>`;
    x += width;
    return rect;
  });
  const words = `${done} done, ${failed} failed, ${missing} neither`;
  return html`<svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="${words}">${rects}</svg>`;
}

function figures({ plan, outcome, endMs, counts, bytes, totals, cost }: RunView): Markup {
  const { numbers } = totals;
  const seconds = Math.max(0, endMs - Date.parse(plan.startedAt)) / 1_000;
  const speed = totals.transferred && (totals.transferred.to - totals.transferred.from) / 1_000;
  const said: [string, string, string | Markup][] = [
    [outcome === 'running' ? 'Running for' : 'Took', secondsText(seconds), `from ${clock(plan.startedAt)}`],
    ['Done', counts.done.toLocaleString('en'), `of ${countText(plan.items, 'item')}`],
    ['Failed', counts.failed.toLocaleString('en'), counts.failed === 0 ? 'none' : 'see below'],
    [
      outcome === 'running' ? 'To go' : 'Missing',
      counts.missing.toLocaleString('en'),
      counts.missing === 0 ? 'none' : 'neither done nor failed',
    ],
    [
      'Landed',
      bytesText(bytes),
      speed ? `${bytesText(bytes / Math.max(speed, 0.001))}/s while transferring` : 'new or changed',
    ],
  ];
  if (numbers.rows > 0 || numbers.badRows > 0) {
    const bad =
      numbers.badRows === 0
        ? 'no bad rows'
        : html`<span class="warn-text">${numbers.badRows.toLocaleString('en')} bad</span> in ${countText(numbers.withBadRows, 'item')}`;
    said.push(['Rows', numbers.rows.toLocaleString('en'), bad]);
  }
  if (cost !== undefined) said.push(['Cost', money(cost.dollars), 'by list prices']);
  return html`<dl class="figures">${said.map(
    ([term, value, more]) => html`<div><dt>${term}</dt><dd>${value}<small>${more}</small></dd></div>`,
  )}</dl>`;
}

/** Links to the execution, its logs and its records, and to the schedule's other runs. */
function links(view: RunView): Markup {
  const { plan, bucket, endMs, readAt, earlier } = view;
  const { runId, executionArn, schedule, rerunOf } = plan;
  const place = placeOf(executionArn);
  const link = (href: string, text: string) => html`<li><a href="${href}" rel="noopener noreferrer">${text}</a></li>`;
  const said: Markup[] = [];
  if (!place.isLocal) {
    const from = new Date(Date.parse(plan.startedAt) - 60_000);
    said.push(
      link(executionConsoleUrl(executionArn), 'Execution'),
      link(logsConsoleUrl(executionArn, place.stack, runId, from, new Date(endMs + 300_000)), 'Logs'),
      link(
        folderConsoleUrl(
          executionArn,
          bucket,
          runKeys(runId)
            .ledger('landed')
            .replace(/landed\/$/, ''),
        ),
        'Records',
      ),
    );
  }
  if (readAt === 'folder') said.push(link('manifest.json', 'manifest.json'), link('items.jsonl', 'items.jsonl'));
  else {
    if (earlier !== undefined) {
      said.push(link(`../${earlier.runId}/report.html`, `Previous run: ${earlier.runId} (${earlier.outcome})`));
    }
    if (rerunOf !== null) said.push(link(`../${rerunOf}/report.html`, `Retry of run ${rerunOf}`));
    said.push(
      schedule === null
        ? link('../index.html', 'All runs')
        : link(`../index.html#schedule=${encodeURIComponent(schedule)}`, `Earlier and later runs of ${schedule}`),
    );
  }
  return html`<ul class="links">${said}</ul>
<p class="soft">On a terminal: <code>${sluiceCommand(place, 'report', runId)}</code></p>`;
}

/** `2026-11-27 04:30:00 UTC` */
export function clock(time: string | number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
