import { type Drawing, kit } from '../browser/kit.js';
import { runPage as script } from '../browser/run-page.js';
import { gateChart } from '../charts/gate.ts';
import { throughputChart } from '../charts/throughput.ts';
import { timelineChart } from '../charts/timeline.ts';
import { document } from '../document.ts';
import { html } from '../html.ts';
import { type ItemIsland, packItems } from '../items/item-island.ts';
import { STYLE } from '../style.ts';
import type { RunView } from '../view.ts';
import { cost } from './cost.ts';
import { failures } from './failures.ts';
import { clock, head } from './head.ts';
import { drawingOf, firstRows, itemsTable } from './items.ts';
import { loads } from './loads.ts';
import { phasesOf } from './phases.ts';

/** A page of 2 MB can be sent by mail, and a browser shows it at once. */
const MOST_BYTES = 2_000_000;
/** Reserved for the document around its parts, the head and controls of the table, and the foot. */
const FRAME_BYTES = 20_000;

/** What the page's script reads. */
interface PageData {
  /** Whether the script requests newer versions of the page. */
  readonly living: boolean;
  readonly drawing: Drawing;
  readonly items: ItemIsland;
}

/**
 * The page of a run, in one file: how it ended, what failed and what to do about it, the times of its events, its
 * results, and its cost. It stays below 2 MB, loads nothing, and can be sent by mail.
 */
export function renderRunPage(view: RunView): string {
  const { plan, outcome, endMs, totals, gate, counts, items } = view;
  const startMs = Date.parse(plan.startedAt);
  const spanMs = Math.max(1, endMs - startMs);
  const top = html`${head(view)}
<main>
<div data-part="failures">${failures(view)}</div>
<div data-part="loads">${loads(view)}</div>
<div data-part="charts">
${timelineChart({ phases: phasesOf(view), items, of: plan.items, spanMs })}
${throughputChart(totals.arrived, { startMs, spanMs })}
${gateChart({
  samples: gate.samples,
  looks: gate.looks,
  items: plan.items,
  startMs,
  spanMs,
  end: outcome === 'running' ? undefined : counts,
})}
</div>`;
  const costs = cost(view);
  const drawing = drawingOf(view);
  const rows = firstRows(view, drawing);
  const source = `(${script})((${kit})())`;
  // The items get the room that the other parts leave.
  const rest = [top.text, costs.text, ...rows.map(({ text }) => text), source, STYLE];
  const taken = rest.reduce((sum, text) => sum + Buffer.byteLength(text), FRAME_BYTES);
  const data: PageData = { living: outcome === 'running', drawing, items: packItems(items, MOST_BYTES - taken) };
  return document({
    title: `${outcome}: run ${plan.runId}`,
    data,
    script: source,
    living: data.living,
    body: html`${top}
<div>${itemsTable(view, data.items.rows.length, rows)}</div>
<div data-part="cost">${costs}</div>
</main>
<footer data-part="foot"><p id="living" role="status">${
      data.living ? `The run goes on. This page shows the state at ${clock(endMs)}, and updates itself.` : ''
    }</p>
<p>Started ${clock(startMs)}${data.living ? '' : `, closed ${clock(endMs)}`}. Execution <code>${plan.executionArn}</code></p></footer>`,
  });
}
