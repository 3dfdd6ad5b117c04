import { type Cell, cellsOf, cellTable } from '../harness/cells.ts';
import { openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, type Finding, GIB, MIB } from '../harness/run.ts';
import { largeFile } from '../harness/source-files.ts';

/** The part size for a file of 1 TiB, to stay within 10,000 parts. */
const PART_MIB = 105;
const GOAL_CPU = 1.6;
const GOAL_MORE_MIB = 30;
const SECONDS = 120;

/** Parts that are too large for memory, compared with parts that fit into memory. */
export async function pipedCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(bench.quick ? GIB / 4 : GIB);
  await using lane = await openLane({ files: [file] });
  await bench.rounds(bench.quick ? 1 : 3, SECONDS, async () => {
    await bench.transfer(bench.sluice, lane, lane.job(file));
    await bench.transfer(bench.sluice, lane, lane.job(file, { partMib: PART_MIB }));
  });
  const own = bench.runs.filter(({ of }) => of === bench.of);
  const [buffered, piped] = [
    cellsOf(own.filter(({ sizes }) => sizes.partMib === undefined)),
    cellsOf(own.filter(({ sizes }) => sizes.partMib !== undefined)),
  ];
  return {
    title: `Parts of ${PART_MIB} MiB, as a file of 1 TiB has`,
    method: `${file.length / MIB} MiB over HTTP. The engine pipes such a part: it reads the part through the two halves of a buffer while it sends it, and sends the CRC in the trailer.`,
    tables: [cellTable('buffered parts', buffered), cellTable('piped parts', piped)],
    findings: findings(buffered[0], piped[0]),
  };
}

function findings(buffered: Cell | undefined, piped: Cell | undefined): Finding[] {
  if (buffered === undefined || piped === undefined) return [];
  const more = piped.peakMib - buffered.peakMib;
  return [
    {
      goal: `piped parts: at most ${GOAL_CPU} CPU s/GiB`,
      figure: piped.cpuSecondsPerGib.toFixed(2),
      met: piped.cpuSecondsPerGib <= GOAL_CPU,
    },
    {
      goal: `piped parts: memory within ${GOAL_MORE_MIB} MiB of buffered ones`,
      figure: `${piped.peakMib.toFixed(0)} and ${buffered.peakMib.toFixed(0)} MiB`,
      met: more <= GOAL_MORE_MIB,
    },
  ];
}
