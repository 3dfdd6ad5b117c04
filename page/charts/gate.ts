import { scaleLinear } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import type { GateSample } from '#run/ledger/gate-record.ts';
import { countText, secondsText } from '#run/quantities.ts';
import { html, type Markup } from '../html.ts';
import { type Frame, figure, inside, round, svg, timeAxis, timeScale, valueAxis } from './frame.ts';

const HEIGHT = 230;
const MOST_ROWS = 60;
/** A chart can't show more points than it has pixels. */
const MOST_POINTS = 400;

export interface GateChart {
  readonly samples: readonly GateSample[];
  /** How often the gatekeeper has looked; the samples may be only the last ones. */
  readonly looks: number;
  readonly items: number;
  readonly startMs: number;
  readonly spanMs: number;
  /** The counts at the run's end, if it has ended. */
  readonly end: { readonly done: number; readonly failed: number } | undefined;
}

/** The counts at each look of the gatekeeper: items done and failed, and messages in the queue and at the workers. */
export function gateChart({ samples, looks, items, startMs, spanMs, end }: GateChart): Markup {
  const base = { id: 'gate', title: 'The gate' };
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) {
    return figure({
      ...base,
      words: 'The gatekeeper has made no look: no item needed a wait, or the run ended before the gate.',
      draw: undefined,
      numbers: { heads: [], rows: [] },
    });
  }
  const points = [
    { at: 0, done: 0, failed: 0, underWay: 0, workers: 0 },
    ...thinned(samples).map(({ at, done, failed, queued, inFlight, workers }) => ({
      at: clamp(Date.parse(at) - startMs, spanMs),
      done,
      failed,
      underWay: queued + inFlight,
      workers,
    })),
    ...(end === undefined ? [] : [{ at: spanMs, ...end, underWay: 0, workers: last.workers }]),
  ];
  const mostWorkers = Math.max(...samples.map(({ workers }) => workers));
  const draw = (width: number) => {
    const frame: Frame = { width, height: HEIGHT, left: 52, top: 24 };
    const { top, bottom, left, right } = inside(frame);
    const x = timeScale(spanMs, frame);
    const y = scaleLinear([0, Math.max(1, items)], [bottom, top]).nice(4);
    const shape = (low: (point: (typeof points)[number]) => number, high: (point: (typeof points)[number]) => number) =>
      area<(typeof points)[number]>()
        .x(({ at }) => round(x(at)))
        .y0((point) => round(y(low(point))))
        .y1((point) => round(y(high(point))))
        .curve(curveStepAfter)(points) ?? '';
    const underWay = line<(typeof points)[number]>()
      .x(({ at }) => round(x(at)))
      .y((point) => round(y(Math.min(items, point.underWay))))
      .curve(curveStepAfter);
    const all = round(y(items));
    return svg(
      frame,
      valueAxis(y, frame, 'items', (value) => (Number.isInteger(value) ? value.toLocaleString('en') : '')),
      timeAxis(x, frame),
      html`<line class="goal" x1="${left}" x2="${right}" y1="${all}" y2="${all}"/>`,
      html`<path class="fill done" d="${shape(
        () => 0,
        ({ done }) => done,
      )}"/>`,
      html`<path class="fill failed" d="${shape(
        ({ done }) => done,
        ({ done, failed }) => done + failed,
      )}"/>`,
      html`<path class="line queue" d="${underWay(points) ?? ''}"/>`,
      html`<g class="looks">${points.slice(1, end === undefined ? undefined : -1).map(({ at }) => html`<line x1="${round(x(at))}" x2="${round(x(at))}" y1="${bottom}" y2="${bottom + 5}"/>`)}</g>`,
    );
  };
  const shown = samples.slice(-MOST_ROWS);
  return figure({
    ...base,
    words: `The gatekeeper made ${countText(looks, 'look')}, the first after ${secondsText(clamp(Date.parse(first.at) - startMs, spanMs) / 1_000)}. At its last look ${last.done.toLocaleString('en')} of ${countText(items, 'item')} were done and ${last.failed.toLocaleString('en')} failed. At most ${countText(mostWorkers, 'worker')} ran.`,
    key: [
      ['done', 'done'],
      ['failed', 'failed'],
      ['queue', 'queued or with a worker'],
      ['goal', 'all items'],
    ],
    draw,
    numbers: {
      heads: ['at', 'done', 'failed', 'missing', 'queued', 'in flight', 'workers'],
      rows: shown.map(({ at, done, failed, missing, queued, inFlight, workers }) => [
        at,
        ...[done, failed, missing, queued, inFlight, workers].map((value) => value.toLocaleString('en')),
      ]),
    },
  });
}

function thinned(samples: readonly GateSample[]): readonly GateSample[] {
  const every = Math.ceil(samples.length / MOST_POINTS);
  return samples.filter((_, index) => index % every === 0 || index === samples.length - 1);
}

function clamp(at: number, span: number): number {
  return Math.min(Math.max(at, 0), span);
}
