/** A column of a table: its head, and on which side its values stand. */
export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
  /** Longer values are cut in the middle, so that a path keeps its file name. @default no limit */
  readonly width?: number;
}

/** Draws rows of text under heads. The last column is not padded, so that it may be long. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map((column, at) => cut(row[at] ?? '', column.width))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => [...(row[at] ?? '')].length)));
  return cells
    .map((row) =>
      row
        .map((cell, at) => {
          const space = ' '.repeat((widths[at] ?? 0) - [...cell].length);
          if (columns[at]?.align === 'right') return space + cell;
          return at === row.length - 1 ? cell : cell + space;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cut(text: string, width: number | undefined): string {
  const characters = [...text];
  if (width === undefined || characters.length <= width) return text;
  const tail = Math.ceil((width - 1) * 0.6);
  return `${characters.slice(0, width - 1 - tail).join('')}…${characters.slice(-tail).join('')}`;
}
