import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { html, type Markup } from '../html.ts';

/** Charts are drawn twice, for a desktop and for a phone, because a drawing that is only scaled down can't be read. */
const WIDTHS = { wide: 1_040, narrow: 340 } as const;
export type Room = keyof typeof WIDTHS;

/** The numbers of a chart. */
export interface NumbersTable {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | Markup)[])[];
}

export interface Figure {
  readonly id: string;
  readonly title: string;
  /** What the chart shows, in a sentence or two, also for people who can't see it. */
  readonly words: string;
  /** What the colours mean: a class of `style.ts` and its meaning. */
  readonly key?: readonly (readonly [className: string, meaning: string])[];
  /** Draws the chart; undefined if there is nothing to draw, and only the words are shown. */
  readonly draw: ((width: number, room: Room) => Markup) | undefined;
  readonly numbers: NumbersTable;
}

/** A chart with its words and its numbers. */
export function figure({ id, title, words, key = [], draw, numbers }: Figure): Markup {
  const drawn =
    draw &&
    (Object.keys(WIDTHS) as Room[]).map(
      (room) =>
        html`<div class="chart only-${room}" role="img" aria-label="${title}. ${words}">${draw(WIDTHS[room], room)}</div>`,
    );
  return html`<figure id="${id}" class="card">
<h2>${title}</h2>
<p class="words">${words}</p>
${drawn}
${key.length > 0 && html`<ul class="key">${key.map(([name, meaning]) => html`<li><i class="swatch ${name}"></i>${meaning}</li>`)}</ul>`}
${
  numbers.rows.length > 0 &&
  html`<details id="${id}-numbers"><summary>Numbers of “${title}”</summary><div class="scroll" tabindex="0" role="region" aria-label="Numbers of ${title}"><table>
<thead><tr>${numbers.heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${numbers.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div></details>`
}
</figure>`;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right?: number;
  readonly top?: number;
  readonly bottom?: number;
}

export const TOP = 12;
const RIGHT = 14;
/** Room for the axis's numbers and its name. */
export const BOTTOM = 40;

/** The area for a chart's marks. */
export function inside({ width, height, left, right = RIGHT, top = TOP, bottom = BOTTOM }: Frame) {
  return { left, right: width - right, top, bottom: height - bottom };
}

/** The drawing itself. Its words are outside of it. */
export function svg({ width, height }: Pick<Frame, 'width' | 'height'>, ...marks: readonly Markup[]): Markup {
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true" focusable="false">${marks}</svg>`;
}

/** Time since the run's start, from left to right. */
export function timeScale(spanMs: number, frame: Frame): ScaleLinear<number, number> {
  const { left, right } = inside(frame);
  return scaleLinear([0, Math.max(1, spanMs)], [left, right]);
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];

/** The axis of time below a chart. */
export function timeAxis(scale: ScaleLinear<number, number>, frame: Frame): Markup {
  const { left, right, top, bottom } = inside(frame);
  const [, span = 1] = scale.domain();
  const most = Math.max(2, Math.floor((right - left) / 80));
  const step = STEPS.find((one) => span / one <= most) ?? span / most;
  const ticks = Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step);
  return html`<g class="axis">${ticks.map((at) => {
    const x = scale(at).toFixed(1);
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/><text x="${x}" y="${bottom + 16}" text-anchor="middle">${tickText(at, step)}</text>`;
  })}<line class="base" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text class="name" x="${right}" y="${bottom + 33}" text-anchor="end">since the start</text></g>`;
}

function tickText(milliseconds: number, step: number): string {
  if (milliseconds === 0) return '0';
  if (step < SECOND) return `${(milliseconds / SECOND).toFixed(1)} s`;
  if (step < MINUTE && milliseconds < 10 * MINUTE) {
    const seconds = Math.round(milliseconds / SECOND);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
  }
  if (step < HOUR) return clockText(Math.round(milliseconds / MINUTE));
  if (step < DAY) return `${Math.round(milliseconds / HOUR)} h`;
  return `${Math.round(milliseconds / DAY)} d`;
}

function clockText(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}

/** The axis of a quantity, to the left of a chart. */
export function valueAxis(
  scale: ScaleLinear<number, number>,
  frame: Frame,
  name: string,
  text: (value: number) => string = (value) => value.toLocaleString('en'),
): Markup {
  const { left, right, top } = inside(frame);
  return html`<g class="axis">${scale.ticks(4).map((value) => {
    const y = scale(value).toFixed(1);
    return html`<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/><text x="${left - 6}" y="${y}" dy="0.32em" text-anchor="end">${text(value)}</text>`;
  })}<text class="name" x="${left}" y="${top - 8}" text-anchor="start">${name}</text></g>`;
}

/** A coordinate with one digit after the point, which is finer than a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
