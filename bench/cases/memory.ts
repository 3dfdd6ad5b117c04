import { openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, type Finding, GIB, MIB, type Run } from '../harness/run.ts';
import { largeFile } from '../harness/source-files.ts';

/** Peak memory for several lengths: a long transfer must not need more memory than a short one. */
export async function memoryCase(bench: Bench): Promise<CaseResult> {
  const short = [256 * MIB, GIB];
  const lengths = bench.quick ? short : [...short, 4 * GIB, ...(bench.brief ? [] : [10 * GIB])];
  const connections = bench.brief ? [4] : [4, 16];
  await using lane = await openLane({ files: lengths.map(largeFile) });
  for (const count of connections) {
    for (const bytes of lengths)
      await bench.transfer(bench.sluice, lane, lane.job(largeFile(bytes), { connections: count }));
  }
  const runs = bench.runs.filter(({ of }) => of === bench.of);
  return {
    title: 'Peak memory by length, HTTP',
    method: 'The engine alone, one run each.',
    tables: [
      {
        columns: ['connections', 'length MiB', 'peak MiB', 'wall s', 'MiB/s', 'CPU s/GiB'],
        rows: runs.map(({ sizes, bytes, peakMib, wallSeconds, cpuSecondsPerGib }) => [
          sizes.connections ?? '',
          bytes / MIB,
          peakMib.toFixed(0),
          wallSeconds.toFixed(1),
          (bytes / MIB / wallSeconds).toFixed(0),
          cpuSecondsPerGib.toFixed(2),
        ]),
      },
    ],
    findings: connections.flatMap((count) => flatness(runs, count)),
  };
}

function flatness(runs: readonly Run[], connections: number): Finding[] {
  const peaks = runs.filter(({ sizes }) => sizes.connections === connections).map((run) => run.peakMib);
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
