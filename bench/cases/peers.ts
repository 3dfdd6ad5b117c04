import { type Cell, cellsOf, cellTable } from '../cells.ts';
import type { Lane } from '../lane.ts';
import { openLane } from '../lane.ts';
import { type Bench, type CaseResult, type Finding, GIB, MIB, type Table } from '../run.ts';
import { type FileSpec, largeFile } from '../source-files.ts';

/** Goals of one lane: CPU seconds for a GiB, and MiB of memory. */
const GOALS = { HTTP: { cpu: 1.0, peakMib: 100 }, TLS: { cpu: 1.7, peakMib: 110 } } as const;
const FLAT = 1.1;
/** The long file is one round of a third of all the time, and its memory is what it is for. */
const SHARE_OF_TIME = 0.55;

/** The same job for every tool as it is by itself: one large file, over HTTP and over TLS on both sides. */
export async function peersCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(bench.quick ? GIB / 16 : GIB);
  const long = largeFile(bench.quick ? GIB / 4 : 4 * GIB);
  await using plain = await openLane({ files: [file, long] });
  await using secure = await openLane({ files: [file, long], tls: true });
  const round = async (lane: Lane, length: FileSpec, tools = bench.tools) => {
    for (const tool of tools) await bench.transfer(tool, lane, lane.job(length));
  };
  const both = async () => {
    await round(plain, file);
    await round(secure, file);
  };
  const seconds = bench.minutes * 60 * SHARE_OF_TIME;
  const end = performance.now() + seconds * 1000;
  const left = () => (end - performance.now()) / 1000;
  await bench.rounds(bench.quick ? 1 : 2, seconds / 2, both);
  const start = performance.now();
  await round(plain, long);
  const took = (performance.now() - start) / 1000;
  const roomForAll = left() > took * 1.2;
  if (!roomForAll) bench.leaveOut(`${long.length / MIB} MiB over TLS by the other tools: no time`);
  await round(secure, long, roomForAll ? bench.tools : [bench.sluice]);
  if (!bench.quick) await bench.rounds(3, left(), both);

  const cells = (lane: Lane, { length }: FileSpec) =>
    cellsOf(bench.runs.filter((run) => run.of === bench.of && run.over === lane.over && run.bytes === length));
  const tables: Table[] = [];
  const findings: Finding[] = [];
  for (const lane of [plain, secure]) {
    const [short, far] = [cells(lane, file), cells(lane, long)];
    for (const [length, those] of [
      [file, short],
      [long, far],
    ] as const) {
      const name = `${lane.over}, ${length.length / MIB} MiB`;
      tables.push(cellTable(name, those));
      findings.push(...goals(name, those, bench.sluice.name, GOALS[lane.over]));
    }
    findings.push(...flat(lane.over, bench.sluice.name, short, far));
  }
  return {
    title: 'One large file',
    method:
      'Every tool as its documentation has it, the engine as the Lambdas ship it. Interleaved runs, medians; CPU and memory of the whole process tree, its start included. TLS is on both sides.',
    tables,
    findings,
  };
}

function goals(
  name: string,
  cells: readonly Cell[],
  sluice: string,
  goal: { cpu: number; peakMib: number },
): Finding[] {
  const own = cells.find(({ tool }) => tool === sluice);
  if (own === undefined) return [];
  const others = cells.filter(({ tool }) => tool !== sluice);
  const [cpu, peakMib] = [own.cpuSecondsPerGib, own.peakMib];
  const findings: Finding[] = [
    { goal: `${name}: at most ${goal.cpu} CPU s/GiB`, figure: cpu.toFixed(2), met: cpu <= goal.cpu },
    { goal: `${name}: at most ${goal.peakMib} MiB`, figure: peakMib.toFixed(0), met: peakMib <= goal.peakMib },
  ];
  if (others.length === 0) return findings;
  const frugal = others.reduce((best, cell) => (cell.cpuSecondsPerGib < best.cpuSecondsPerGib ? cell : best));
  const small = others.reduce((best, cell) => (cell.peakMib < best.peakMib ? cell : best));
  return [
    ...findings,
    {
      goal: `${name}: less CPU than every peer`,
      figure: `${cpu.toFixed(2)}, next ${frugal.tool} ${frugal.cpuSecondsPerGib.toFixed(2)} s/GiB`,
      met: cpu < frugal.cpuSecondsPerGib,
    },
    {
      goal: `${name}: less memory than every peer`,
      figure: `${peakMib.toFixed(0)}, next ${small.tool} ${small.peakMib.toFixed(0)} MiB`,
      met: peakMib < small.peakMib,
    },
  ];
}

function flat(over: string, sluice: string, short: readonly Cell[], long: readonly Cell[]): Finding[] {
  const [least, most] = [short, long].map((cells) => cells.find(({ tool }) => tool === sluice)?.peakMib);
  if (least === undefined || most === undefined) return [];
  return [
    {
      goal: `${over}: the long file in the memory of the short one, within 10 %`,
      figure: `${least.toFixed(0)} and ${most.toFixed(0)} MiB`,
      met: most <= least * FLAT,
    },
  ];
}
