import { median, type Run, type Table } from './run.ts';

/** The runs of one tool on one job, as medians. */
export interface Cell {
  readonly tool: string;
  readonly runs: number;
  readonly cpuSecondsPerGib: number;
  /** Least and most. */
  readonly cpuRange: readonly [number, number];
  readonly peakMib: number;
  readonly wallSeconds: number;
  readonly mibPerSecond: number;
}

/** One cell for each tool, the one with the least CPU first. Give it only runs of the same job. */
export function cellsOf(runs: readonly Run[]): Cell[] {
  const byTool = Map.groupBy(runs, ({ tool }) => tool);
  return [...byTool.entries()]
    .map(([tool, own]) => {
      const cpu = own.map((run) => run.cpuSecondsPerGib);
      return {
        tool,
        runs: own.length,
        cpuSecondsPerGib: median(cpu),
        cpuRange: [Math.min(...cpu), Math.max(...cpu)] as const,
        peakMib: median(own.map((run) => run.peakMib)),
        wallSeconds: median(own.map((run) => run.wallSeconds)),
        mibPerSecond: median(own.map((run) => run.bytes / 1_048_576 / run.wallSeconds)),
      };
    })
    .sort((a, b) => a.cpuSecondsPerGib - b.cpuSecondsPerGib);
}

export function cellTable(caption: string, cells: readonly Cell[]): Table {
  return {
    caption,
    columns: ['tool', 'runs', 'CPU s/GiB', 'least to most', 'peak MiB', 'wall s', 'MiB/s'],
    rows: cells.map(({ tool, runs, cpuSecondsPerGib, cpuRange, peakMib, wallSeconds, mibPerSecond }) => [
      tool,
      runs,
      cpuSecondsPerGib.toFixed(2),
      cpuRange.map((cpu) => cpu.toFixed(2)).join(' to '),
      peakMib.toFixed(0),
      wallSeconds.toFixed(2),
      mibPerSecond.toFixed(0),
    ]),
  };
}
