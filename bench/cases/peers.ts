import { type Cell, cellsOf, cellTable } from '../harness/cells.ts';
import type { Lane } from '../harness/lane.ts';
import { openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, type Finding, GIB, MIB, type Table } from '../harness/run.ts';
import { type FileSpec, largeFile } from '../harness/source-files.ts';
import type { Tool } from '../harness/tool.ts';
import { rcloneOnePut } from '../tools/rclone.ts';

/**
 * Goals of one lane, for a GiB: the CPU in multiples of the cheapest tool, which verifies nothing, and MiB of memory.
 */
const GOALS = { HTTP: { onePut: 1.35, peakMib: 110 }, TLS: { onePut: 1.1, peakMib: 115 } } as const;
/** The smallest cost of a Node process, with the default sizes of the tools. */
const FLOOR = 'floor, 4 × 8 MiB';
const FLAT = 1.1;
/**
 * Seconds for all rounds with the short file first. With this limit, the whole benchmark takes less than half an hour.
 */
const SECONDS = 510;
/** Seconds in a brief run, which ends within twelve minutes. */
const BRIEF_SECONDS = 360;
/** Seconds that the cases after this one need. This case may use all other time of `--minutes`. */
const SECONDS_BEHIND = 720;

/** The same job for every tool with its defaults: one large file, over HTTP and over TLS on both sides. */
export async function peersCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(bench.quick ? GIB / 16 : GIB);
  const long = largeFile(bench.quick ? GIB / 4 : 4 * GIB);
  await using plain = await openLane({ files: [file, long] });
  await using secure = await openLane({ files: [file, long], tls: true });
  const most = bench.brief ? BRIEF_SECONDS : Math.max(SECONDS, bench.secondsLeft - SECONDS_BEHIND);
  const end = performance.now() + Math.min(most, bench.secondsLeft) * 1000;
  const left = () => (end - performance.now()) / 1000;
  const cells = (lane: Lane, { length }: FileSpec) =>
    cellsOf(bench.runs.filter((run) => run.of === bench.of && run.over === lane.over && run.bytes === length));
  let roundSeconds = 0;
  const round = async () => {
    const start = performance.now();
    for (const lane of [plain, secure]) {
      for (const tool of bench.tools) await bench.transfer(tool, lane, lane.job(file));
    }
    roundSeconds = (performance.now() - start) / 1000;
  };

  await bench.rounds(bench.quick ? 1 : 2, left(), round);
  if (!bench.brief) for (const lane of [plain, secure]) await bench.transfer(bench.sluice, lane, lane.job(long));
  for (const lane of bench.brief ? [] : [plain, secure]) {
    for (const tool of bestFirst(bench, cells(lane, file))) {
      if (left() > 0) await bench.transfer(tool, lane, lane.job(long));
      else bench.leaveOut(`${tool.name}, ${lane.over}, ${long.length / MIB} MiB: no time`);
    }
  }
  if (!bench.quick && left() > roundSeconds) await bench.rounds(bench.brief ? 1 : 3, left(), round);

  const tables: Table[] = [];
  const findings: Finding[] = [];
  for (const lane of [plain, secure]) {
    const [short, far] = [cells(lane, file), cells(lane, long)];
    for (const [length, those] of [
      [file, short],
      [long, far],
    ] as const) {
      if (those.length === 0) continue;
      const name = `${lane.over}, ${length.length / MIB} MiB`;
      tables.push(cellTable(name, those));
      findings.push(...goals(name, those, bench, length === file ? GOALS[lane.over] : undefined));
    }
    findings.push(...flat(lane.over, bench.sluice.name, short, far));
  }
  return {
    title: 'One large file',
    method:
      'Each tool runs as its documentation shows, and the engine as the Lambdas use it. Medians of interleaved runs. CPU and memory are those of the whole process tree, with its start. In the TLS lane, source and S3 use TLS.',
    tables,
    findings,
  };
}

/**
 * Sorts the other tools so that those nearest in CPU or in memory come first: if time runs out, the tools to beat were
 * measured.
 */
function bestFirst({ tools, sluice }: Bench, byCpu: readonly Cell[]): Tool[] {
  const byMemory = byCpu.toSorted((a, b) => a.peakMib - b.peakMib);
  const place = ({ name }: Tool) => {
    const [cpu, memory] = [byCpu, byMemory].map((order) => order.findIndex(({ tool }) => tool === name));
    return Math.min(cpu ?? 0, memory ?? 0);
  };
  return tools.filter((tool) => tool !== sluice).toSorted((a, b) => place(a) - place(b));
}

function goals(name: string, cells: readonly Cell[], { sluice, tools }: Bench, goal?: (typeof GOALS)['HTTP' | 'TLS']) {
  const own = cells.find(({ tool }) => tool === sluice.name);
  if (own === undefined) return [];
  const findings: Finding[] = [];
  const atMost = (tool: string, times: number) => {
    const other = cells.find((cell) => cell.tool === tool);
    if (other === undefined) return;
    const found = own.cpuSecondsPerGib / other.cpuSecondsPerGib;
    findings.push({
      goal: `${name}: at most ${times} times the CPU of ${tool}`,
      figure: `${found.toFixed(2)}: ${own.cpuSecondsPerGib.toFixed(2)} and ${other.cpuSecondsPerGib.toFixed(2)} s/GiB`,
      met: found <= times,
    });
  };
  if (goal !== undefined) {
    const { peakMib } = own;
    atMost(FLOOR, 1);
    atMost(rcloneOnePut.name, goal.onePut);
    findings.push({
      goal: `${name}: at most ${goal.peakMib} MiB`,
      figure: peakMib.toFixed(0),
      met: peakMib <= goal.peakMib,
    });
  }
  const verifying = cells.filter(({ tool }) =>
    tools.some((one) => one !== sluice && one.verifies && one.name === tool),
  );
  for (const [what, figure, unit] of [
    ['CPU', (cell: Cell) => cell.cpuSecondsPerGib, 's/GiB'],
    ['memory', (cell: Cell) => cell.peakMib, 'MiB'],
  ] as const) {
    const [best] = verifying.toSorted((one, other) => figure(one) - figure(other));
    if (best === undefined) continue;
    const shown = (cell: Cell) => figure(cell).toFixed(what === 'CPU' ? 2 : 0);
    findings.push({
      goal: `${name}: less ${what} than every tool that verifies the bytes that it sends`,
      figure: `${shown(own)}, next ${best.tool} ${shown(best)} ${unit}`,
      met: figure(own) < figure(best),
    });
  }
  return findings;
}

function flat(over: string, sluice: string, short: readonly Cell[], long: readonly Cell[]): Finding[] {
  const [least, most] = [short, long].map((cells) => cells.find(({ tool }) => tool === sluice)?.peakMib);
  if (least === undefined || most === undefined) return [];
  return [
    {
      goal: `${over}: the long file needs the same memory as the short one, within 10 %`,
      figure: `${least.toFixed(0)} and ${most.toFixed(0)} MiB`,
      met: most <= least * FLAT,
    },
  ];
}
