import stringWidth from 'string-width';
import { cutEnd, cutMiddle } from './cut.ts';
import type { Screen, Tone } from './screen.ts';
import { oneLine } from './shown.ts';

/** A column of a table: its head, and how it shrinks if the table is too wide. */
export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** Longer values are shortened. @default no limit */
  readonly width?: number;
  /**
   * Where a value is shortened: a path in the middle, so that it keeps its file name; a sentence at its end. @default
   * middle
   */
  readonly cut?: 'middle' | 'end';
  /** The colour of a value. @default none */
  readonly tone?: (value: string) => Tone | undefined;
  /** If the table is too wide, the column with the highest number is left out first. @default the column stays */
  readonly drop?: number;
}

/** The smallest width of a shortened column. */
const LEAST_WIDTH = 12;
const GAP = '  ';

/**
 * Draws rows of text under heads. The last column is not padded.
 *
 * @param width columns of the terminal: if the table does not fit, columns with `drop` are left out, and then the
 * widest columns are shortened. @default no limit
 * @param paint colours values that have a tone. @default no colours
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
  paint: Screen['paint'] = (_, text) => text,
): string {
  const all = columns.map((column, at) => {
    const cells = [column.head, ...rows.map((row) => cut(oneLine(row[at] ?? ''), column.width, column.cut))];
    return { ...column, cells, needs: Math.max(...cells.map((cell) => stringWidth(cell))) };
  });
  const kept = leaveOut(all, width);
  const widths = squeeze(
    kept.map(({ needs }) => needs),
    width,
  );
  return [undefined, ...rows]
    .map((_, line) =>
      kept
        .map(({ cells, align, cut: where, tone }, at) => {
          const text = cut(cells[line] ?? '', widths[at], where);
          const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(text)));
          const colour = line === 0 ? undefined : tone?.(text);
          const cell = colour === undefined ? text : paint(colour, text);
          if (align === 'right') return space + cell;
          return at === kept.length - 1 ? cell : cell + space;
        })
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

function leaveOut<C extends { readonly needs: number; readonly drop?: number }>(
  columns: readonly C[],
  width: number,
): C[] {
  const kept = [...columns];
  while (total(kept.map(({ needs }) => needs)) > width) {
    const first = Math.max(...kept.map(({ drop }) => drop ?? 0));
    if (first === 0) break;
    kept.splice(
      kept.findIndex(({ drop }) => drop === first),
      1,
    );
  }
  return kept;
}

/** Takes one character at a time from the widest column until all columns fit. */
function squeeze(needs: readonly number[], width: number): number[] {
  const widths = [...needs];
  while (total(widths) > width) {
    const widest = Math.max(...widths);
    if (widest <= LEAST_WIDTH) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
}

function cut(text: string, width: number | undefined, where: Column['cut'] = 'middle'): string {
  if (width === undefined) return text;
  return where === 'end' ? cutEnd(text, width) : cutMiddle(text, width);
}
