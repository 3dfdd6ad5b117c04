import { countText, secondsText } from '#run/quantities.ts';
import { kit, type PageItem } from '../browser/kit.js';
import { html, type Markup } from '../html.ts';
import { BOTTOM, type Frame, figure, type Room, svg, TOP, timeAxis, timeScale } from './frame.ts';

/** Rows that a chart shows one by one. */
const MOST_ROWS = 40;
const ROW = 20;
/** Of a name in the table of numbers. */
const LONGEST_NAME = 120;
const { totalOf } = kit();

/** A part of a run, in milliseconds since its start. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Timeline {
  readonly phases: readonly Phase[];
  readonly items: readonly PageItem[];
  /** How many items the run has. */
  readonly of: number;
  readonly spanMs: number;
}

/**
 * The phases of a run, and below them the times of each item; if there are many items, only those that took longest.
 */
export function timelineChart({ phases, items, of, spanMs }: Timeline): Markup {
  const timed = items.filter(({ start }) => start !== undefined);
  const shown = (timed.length <= MOST_ROWS ? timed : timed.toSorted((a, b) => totalOf(b) - totalOf(a)))
    .slice(0, MOST_ROWS)
    .toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0));
  const draw = (width: number, room: Room) => {
    const left = room === 'wide' ? 230 : 112;
    const rows = phases.length + shown.length;
    const gap = shown.length > 0 ? 10 : 0;
    const frame: Frame = { width, height: TOP + rows * ROW + gap + BOTTOM, left };
    const x = timeScale(spanMs, frame);
    const letters = room === 'wide' ? 34 : 16;
    const label = (text: string, y: number, className: string) =>
      html`<text class="${className}" x="${left - 8}" y="${y + ROW / 2}" dy="0.32em" text-anchor="end">${shortened(text, letters)}</text>`;
    const bar = (className: string, from: number, to: number, y: number) => {
      if (to <= from) return html``;
      const begin = x(Math.min(from, spanMs));
      // A short bar must be visible too.
      const width = Math.max(1.5, x(Math.min(to, spanMs)) - begin);
      return html`<rect class="${className}" x="${begin.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="1.5"/>`;
    };
    return svg(
      frame,
      timeAxis(x, frame),
      ...phases.flatMap(({ name, from, to }, index) => {
        const y = TOP + index * ROW;
        return [label(name, y, 'phase-name'), bar('phase', from, to, y)];
      }),
      ...shown.flatMap((item, index) => {
        const y = TOP + (phases.length + index) * ROW + gap;
        const { name, status, start = 0, transfer = 0, queue = 0, work = 0 } = item;
        return [
          label(room === 'wide' ? name : name.slice(name.lastIndexOf('/') + 1), y, status === 'failed' ? 'bad' : ''),
          bar('transfer', start, start + transfer, y),
          bar('queue', start + transfer, start + transfer + queue, y),
          bar('work', start + transfer + queue, start + transfer + queue + work, y),
        ];
      }),
    );
  };
  const which =
    shown.length === 0
      ? 'No item has a time yet.'
      : shown.length === of
        ? `The chart shows ${of === 1 ? 'the item' : `all ${of} items`}, in the order of their start.`
        : timed.length <= MOST_ROWS
          ? `The chart shows ${shown.length} of ${countText(of, 'item')}: those that have times.`
          : `The chart shows ${shown.length} of ${countText(of, 'item')}: those that took longest.`;
  return figure({
    id: 'timeline',
    title: 'Timeline',
    words: `${phases.length === 0 ? '' : `Phases: ${phases.map(({ name, from, to }) => `${name.toLowerCase()} ${secondsText((to - from) / 1_000)}`).join(', ')}. `}${which}`,
    key: [
      ['phase', 'phase of the run'],
      ['transfer', 'transfer'],
      ['queue', 'waiting for a worker'],
      ['work', 'work'],
    ],
    draw,
    numbers: {
      heads: ['', 'from', 'transfer', 'queue', 'work', 'total'],
      rows: [
        ...phases.map(({ name, from, to }) => [name, seconds(from), '', '', '', seconds(to - from)]),
        ...shown.map((item) => [
          shortened(item.name, LONGEST_NAME),
          ...[item.start, item.transfer, item.queue, item.work].map((value) =>
            value === undefined ? '' : seconds(value),
          ),
          seconds(totalOf(item)),
        ]),
      ],
    },
  });
}

function seconds(milliseconds: number): string {
  return secondsText(milliseconds / 1_000);
}

/** Shortened in the middle, because the end of a key says more than its middle. */
function shortened(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  const front = Math.floor((most - 1) / 3);
  return `${letters.slice(0, front).join('')}…${letters.slice(letters.length - (most - 1 - front)).join('')}`;
}
