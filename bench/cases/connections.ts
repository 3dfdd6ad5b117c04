import { cellsOf } from '../harness/cells.ts';
import { openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, GIB, MIB, type Run } from '../harness/run.ts';
import { largeFile } from '../harness/source-files.ts';

const COUNTS = [1, 2, 4, 8, 16];
/** About the speed of one connection to a distant or busy server. */
const BYTES_PER_SECOND = 20 * MIB;
const SECONDS = 60;

/** Measures the effect and the cost of more connections. The default of `ingest.connections` was chosen with it. */
export async function connectionsCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(bench.quick ? 256 * MIB : GIB);
  const short = largeFile(bench.quick ? 128 * MIB : 512 * MIB);
  const open: Run[] = [];
  {
    await using lane = await openLane({ files: [file] });
    await bench.rounds(bench.quick ? 1 : 3, SECONDS, async () => {
      for (const connections of COUNTS)
        await keep(open, bench.transfer(bench.sluice, lane, lane.job(file, { connections })));
    });
  }
  const limited: Run[] = [];
  await using lane = await openLane({ files: [short], bytesPerSecondPerConnection: BYTES_PER_SECOND });
  for (const connections of COUNTS) {
    await keep(limited, bench.transfer(bench.sluice, lane, lane.job(short, { connections })));
  }
  return {
    title: 'How many connections',
    method: `The engine alone: ${file.length / MIB} MiB from a source without a limit, medians; and ${short.length / MIB} MiB from one that gives each connection ${BYTES_PER_SECOND / MIB} MiB/s, one run each.`,
    tables: [
      {
        columns: ['connections', 'no limit: MiB/s', 'CPU s/GiB', 'peak MiB', 'limited: MiB/s'],
        rows: COUNTS.flatMap((count) => {
          const of = (runs: readonly Run[]) => cellsOf(runs.filter(({ sizes }) => sizes.connections === count))[0];
          const [free, slow] = [of(open), of(limited)];
          if (free === undefined || slow === undefined) return [];
          const { mibPerSecond, cpuSecondsPerGib, peakMib } = free;
          const rates = [mibPerSecond, slow.mibPerSecond].map((rate) => rate.toFixed(0));
          return [[count, rates[0] ?? '', cpuSecondsPerGib.toFixed(2), peakMib.toFixed(0), rates[1] ?? '']];
        }),
      },
    ],
    findings: [],
  };
}

async function keep(runs: Run[], run: Promise<Run | undefined>): Promise<void> {
  const made = await run;
  if (made !== undefined) runs.push(made);
}
