import { html, type Markup } from '#page/html.ts';
import { seconds } from '#warehouse/queues/advice.ts';
import type { Queue, QueueReport } from '#warehouse/queues/queue-report.ts';
import { COLUMNS, cellsOf, headlinesOf } from './queue-lines.ts';

const HOUR = 3_600_000;

/**
 * The report as a page: the table, a graph of the wait of each queue over all hours, and the advice. The page loads
 * nothing.
 */
export function queuePage(report: QueueReport, advice: readonly string[]): string {
  const most = Math.max(...report.queues.flatMap(({ hours }) => hours.map(({ p95WaitSeconds }) => p95WaitSeconds)), 0);
  const row = (cells: readonly Markup[]) => html`<tr>${cells}</tr>\n`;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Queues of the warehouse</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; } svg { width: 100%; height: auto; } rect { fill: #2a7; } text { font-size: 11px; fill: currentColor; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } }
</style>
<h1>Queues of the warehouse</h1>
${headlinesOf(report).map((line) => html`<p>${line}</p>\n`)}
<table><thead>${row(COLUMNS.map(({ head }) => html`<th>${head}</th>`))}</thead><tbody>${report.queues.map((queue) =>
    row(cellsOf(queue, report.management).map((cell) => html`<td>${cell}</td>`)),
  )}</tbody></table>
<h2>Wait by hour and queue</h2>
<p>The 95th percentile of each hour. All graphs have one scale; the tallest bar is ${seconds(most)}.</p>
${report.queues.map((queue) => graph(queue, report, most))}
<h2>Advice</h2>
<ul>${advice.map((one) => html`<li>${one}</li>`)}</ul>
</html>
`.toString();
}

/** A bar for each hour. */
function graph({ name, hours }: Queue, { since, until }: QueueReport, most: number): Markup {
  const count = Math.max(1, Math.ceil((until.getTime() - since.getTime()) / HOUR));
  const bars = hours.map(({ at, p95WaitSeconds, queries }) => {
    const x = Math.floor((at.getTime() - since.getTime()) / HOUR) * 5;
    const height = most === 0 ? 0 : (p95WaitSeconds / most) * 60;
    const title = `${at.toISOString().slice(0, 16)}: ${queries} queries, 95 % waited ${seconds(p95WaitSeconds)} at most`;
    return html`<rect x="${x}" y="${(60 - height).toFixed(1)}" width="4" height="${height.toFixed(1)}"><title>${title}</title></rect>`;
  });
  const days = Array.from({ length: Math.ceil(count / 24) }, (_, day) => {
    const label = new Date(since.getTime() + day * 24 * HOUR).toISOString().slice(5, 10);
    return html`<text x="${day * 120}" y="74">${label}</text>`;
  });
  return html`<h3>${name}</h3>
<svg viewBox="0 0 ${count * 5} 78" role="img" aria-label="wait in ${name} by hour"><path d="M0 60.5H${count * 5}" stroke="currentColor" opacity=".4"/>${bars}${days}</svg>
`;
}
