import { scaleLinear } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';
import type { BytesOverTime } from '#run/end/bytes-over-time.ts';
import { bytesText, secondsText } from '#run/quantities.ts';
import { html, type Markup } from '../html.ts';
import { type Figure, type Frame, figure, inside, round, svg, timeAxis, timeScale, valueAxis } from './frame.ts';

const MIB = 1_048_576;
const HEIGHT = 210;
const MOST_ROWS = 60;

/** The speed of the transfers over the time of the run. */
export function throughputChart(
  arrived: Pick<BytesOverTime, 'stepMs' | 'steps'>,
  { startMs, spanMs }: { readonly startMs: number; readonly spanMs: number },
): Markup {
  const { stepMs, steps } = arrived;
  const [first] = steps;
  const last = steps.at(-1);
  const base: Pick<Figure, 'id' | 'title'> = { id: 'throughput', title: 'Throughput' };
  if (first === undefined || last === undefined) {
    return figure({
      ...base,
      words: 'The run has transferred nothing.',
      draw: undefined,
      numbers: { heads: [], rows: [] },
    });
  }
  const known = new Map(steps);
  const points = Array.from({ length: last[0] - first[0] + 2 }, (_, index) => {
    const step = first[0] + index;
    return { at: step * stepMs - startMs, speed: ((known.get(step) ?? 0) / MIB / stepMs) * 1_000 };
  });
  const bytes = steps.reduce((sum, [, some]) => sum + some, 0);
  const most = Math.max(...points.map(({ speed }) => speed));
  const busy = (last[0] - first[0] + 1) * stepMs;
  const draw = (width: number) => {
    const frame: Frame = { width, height: HEIGHT, left: 52, top: 24 };
    const { top, bottom } = inside(frame);
    const x = timeScale(spanMs, frame);
    const y = scaleLinear([0, most], [bottom, top]).nice(4);
    const shape = area<(typeof points)[number]>()
      .x(({ at }) => round(x(Math.min(Math.max(at, 0), spanMs))))
      .y0(bottom)
      .y1(({ speed }) => round(y(speed)))
      .curve(curveStepAfter);
    return svg(
      frame,
      valueAxis(y, frame, 'MiB/s'),
      timeAxis(x, frame),
      html`<path class="fill transfer" d="${shape(points) ?? ''}"/>`,
    );
  };
  // A table of 240 rows is too long, so neighbouring rows are joined.
  const together = Math.ceil(points.length / MOST_ROWS);
  const rows = Array.from({ length: Math.ceil((points.length - 1) / together) }, (_, row) => {
    const some = points.slice(row * together, Math.min((row + 1) * together, points.length - 1));
    const speed = some.reduce((sum, one) => sum + one.speed, 0) / some.length;
    return [secondsText(Math.max(0, some[0]?.at ?? 0) / 1_000), `${speed.toFixed(1)} MiB/s`];
  });
  return figure({
    ...base,
    words: `${bytesText(bytes)} arrived in ${secondsText(busy / 1_000)}: ${bytesText((bytes / busy) * 1_000)}/s on average, ${most.toFixed(1)} MiB/s at most, in steps of ${secondsText(stepMs / 1_000)}. The chart spreads the bytes of each object evenly over its transfer.`,
    draw,
    numbers: { heads: ['from', 'throughput'], rows },
  });
}
