import { type Lane, openLane } from '../lane.ts';
import { type Bench, type CaseResult, GIB, MIB, median, type Run } from '../run.ts';
import type { Tool } from '../tool.ts';

/** CPU and memory for a GiB over HTTP and over TLS on both sides: medians of interleaved runs. */
export async function costCase(bench: Bench): Promise<CaseResult> {
  const rounds = bench.quick ? 1 : 5;
  const connections = 4;
  const bytes = GIB;
  await using plain = await openLane({ lengths: [bytes] });
  await using secure = await openLane({ lengths: [bytes], tls: true });
  const lanes: [string, Lane][] = [
    ['HTTP', plain],
    ['TLS', secure],
  ];
  const cells = new Map<string, { tool: Tool; lane: string; runs: Run[] }>();
  for (let round = 0; round < rounds; round++) {
    for (const tool of bench.tools) {
      for (const [name, lane] of lanes) {
        const run = await bench.transfer(tool, lane, lane.job(bytes, tool.takesConnections ? connections : 1));
        const cell = cells.get(`${tool.name} ${name}`) ?? { tool, lane: name, runs: [] };
        cells.set(`${tool.name} ${name}`, cell);
        if (run) cell.runs.push(run);
      }
    }
  }
  const of = (runs: readonly Run[], field: 'cpuSecondsPerGib' | 'peakMib' | 'wallSeconds') =>
    median(runs.map((run) => run[field]));
  return {
    title: `CPU for a GiB, ${connections} connections`,
    method: `${bytes / MIB} MiB, ${rounds} interleaved rounds, medians; least and most CPU in brackets. TLS is on both sides.`,
    table: {
      columns: ['tool', 'over', 'CPU s/GiB', 'peak MiB', 'wall s'],
      rows: [...cells.values()]
        .filter(({ runs }) => runs.length > 0)
        .map(({ tool, lane, runs }) => {
          const all = runs.map((run) => run.cpuSecondsPerGib);
          const range = `${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)}`;
          return [
            tool.name,
            lane,
            `${of(runs, 'cpuSecondsPerGib').toFixed(2)} (${range})`,
            of(runs, 'peakMib').toFixed(0),
            of(runs, 'wallSeconds').toFixed(2),
          ];
        }),
    },
    findings: [],
  };
}
