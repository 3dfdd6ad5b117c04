import { type Cell, cellsOf } from './cells.ts';
import { GIB, MIB, type Run } from './run.ts';

const ROW = 30;
const BAR = 11;
const TOP = 62;
const NAMES = 168;
const PANEL = 250;
/** Room for a number to the right of the longest bar. */
const FIGURE = 42;

interface Bar {
  readonly kind: 'http' | 'tls';
  readonly value: number;
  readonly figure: string;
}

/**
 * Draws the case `peers`: CPU for a GiB and peak memory, with a row for each tool and a bar each for HTTP and TLS. It
 * is plain SVG without a background, whose colours follow the reader's light or dark mode.
 *
 * @returns undefined if no tool was measured.
 */
export function chart(
  runs: readonly Run[],
  around: { readonly machine: string; readonly date: string },
): string | undefined {
  const peers = runs.filter(({ of }) => of === 'peers');
  if (peers.length === 0) return undefined;
  // Every tool was measured most often with the first length.
  const bytes = Math.min(...peers.map((run) => run.bytes));
  const cells = (over: Run['over']) => cellsOf(peers.filter((run) => run.bytes === bytes && run.over === over));
  const [http, tls] = [cells('HTTP'), new Map(cells('TLS').map((cell) => [cell.tool, cell]))];
  const bars = (value: (cell: Cell) => number, figure: (value: number) => string) =>
    http.map((cell) => {
      const secure = tls.get(cell.tool);
      const both: Bar[] = [{ kind: 'http', value: value(cell), figure: figure(value(cell)) }];
      if (secure) both.push({ kind: 'tls', value: value(secure), figure: figure(value(secure)) });
      return both;
    });
  const panels = [
    {
      title: 'CPU seconds for a GiB',
      rows: bars(
        (cell) => cell.cpuSecondsPerGib,
        (value) => value.toFixed(1),
      ),
    },
    {
      title: 'Peak memory, MiB',
      rows: bars(
        (cell) => cell.peakMib,
        (value) => value.toFixed(0),
      ),
    },
  ];
  const width = NAMES + 2 * PANEL;
  const height = TOP + http.length * ROW + 30;
  const size = bytes >= GIB ? `${bytes / GIB} GiB` : `${bytes / MIB} MiB`;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="CPU and memory of ${http.length} tools that copy ${size} from HTTP to S3">`,
    STYLE,
    `<text x="0" y="16" class="title">${size} from an HTTP source into S3: less is better</text>`,
    `<rect x="${NAMES}" y="29" width="10" height="10" class="http"/><text x="${NAMES + 15}" y="38" class="small">HTTP</text>`,
    `<rect x="${NAMES + 60}" y="29" width="10" height="10" class="tls"/><text x="${NAMES + 75}" y="38" class="small">TLS on both sides</text>`,
    ...http.map(({ tool }, row) => {
      const name = tool.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `<text x="${NAMES - 10}" y="${TOP + row * ROW + 15}" text-anchor="end"${row === http.findIndex((cell) => cell.tool === 'sluice') ? ' class="own"' : ''}>${name}</text>`;
    }),
    ...panels.flatMap(({ title, rows }, panel) => panelLines(title, rows, NAMES + panel * PANEL)),
    `<text x="0" y="${height - 8}" class="small">${around.machine}, ${around.date.slice(0, 10)}; medians, whole process tree</text>`,
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function panelLines(title: string, rows: readonly (readonly Bar[])[], left: number): string[] {
  const most = Math.max(...rows.flat().map(({ value }) => value));
  const scale = (PANEL - FIGURE - 12) / most;
  return [
    `<text x="${left}" y="${TOP - 8}" class="small">${title}</text>`,
    ...rows.flatMap((bars, row) =>
      bars.flatMap(({ kind, value, figure }, index) => {
        const y = TOP + row * ROW + index * (BAR + 1);
        const width = Math.max(1, value * scale);
        return [
          `<rect x="${left}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" class="${kind}"/>`,
          `<text x="${(left + width + 4).toFixed(1)}" y="${y + 9}" class="small">${figure}</text>`,
        ];
      }),
    ),
  ];
}

const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.own { font-weight: 700; }
.small { font-size: 11px; }
.http { fill: #0969da; }
.tls { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .http { fill: #58a6ff; }
  .tls { fill: #6e7681; }
}
</style>`;
