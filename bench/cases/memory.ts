import { openLane } from '../lane.ts';
import { type Bench, type CaseResult, type Finding, GIB, MIB, type Run } from '../run.ts';

/** Peak memory over lengths: a transfer of any length has to run in the memory of a small one. */
export async function memoryCase(bench: Bench): Promise<CaseResult> {
  const lengths = bench.quick ? [256 * MIB, GIB] : [256 * MIB, GIB, 4 * GIB, 10 * GIB];
  const connections = [4, 16];
  await using lane = await openLane({ lengths });
  const runs: Run[] = [];
  for (const tool of bench.tools) {
    for (const count of tool.takesConnections ? connections : [1]) {
      for (const bytes of lengths) {
        const run = await bench.transfer(tool, lane, lane.job(bytes, count));
        if (run) runs.push(run);
      }
    }
  }
  return {
    title: 'Peak memory by length, HTTP',
    method: 'One run each. Peak resident memory of the tool, its whole process tree counted.',
    table: {
      columns: ['tool', 'connections', 'length MiB', 'peak MiB', 'wall s', 'MiB/s', 'CPU s/GiB'],
      rows: runs.map((run) => [
        run.tool,
        run.connections,
        run.bytes / MIB,
        run.peakMib.toFixed(0),
        run.wallSeconds.toFixed(1),
        (run.bytes / MIB / run.wallSeconds).toFixed(0),
        run.cpuSecondsPerGib.toFixed(2),
      ]),
    },
    findings: connections.flatMap((count) => flatness(runs, bench.sluice.name, count)),
  };
}

function flatness(runs: readonly Run[], tool: string, connections: number): Finding[] {
  const peaks = runs.filter((run) => run.tool === tool && run.connections === connections).map((run) => run.peakMib);
  if (peaks.length < 2) return [];
  const [least, most] = [Math.min(...peaks), Math.max(...peaks)];
  const spread = (most / least - 1) * 100;
  return [
    {
      goal: `memory flat within 10 % over all lengths at ${connections} connections`,
      figure: `${least.toFixed(0)} to ${most.toFixed(0)} MiB, ${spread.toFixed(1)} %`,
      met: spread <= 10,
    },
  ];
}
