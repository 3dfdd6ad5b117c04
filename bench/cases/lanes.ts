import { readdir, readFile } from 'node:fs/promises';
import { type Cell, cellsOf, cellTable } from '../harness/cells.ts';
import { type Lane, openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, GIB, MIB, type Table } from '../harness/run.ts';
import { largeFile } from '../harness/source-files.ts';
import type { Tool } from '../harness/tool.ts';
import { floorTools, undiciTool } from '../tools/floor.ts';

const SECONDS = 300;
/** The engine's own connections to sources and S3. */
const LANE = new URL('../../transfer/lane/', import.meta.url);

/** What the engine's own connections cost and save, beside the same job done with undici and with `node:http`. */
export async function lanesCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(bench.quick ? GIB / 8 : GIB);
  const [[floor], undici] = [await floorTools(), await undiciTool()];
  const tools: Tool[] = [bench.sluice, floor, undici];
  await using plain = await openLane({ files: [file] });
  await using secure = await openLane({ files: [file], tls: true });
  const lanes = [plain, secure];
  await bench.rounds(bench.quick ? 1 : 3, SECONDS, async () => {
    for (const lane of lanes) for (const tool of tools) await bench.transfer(tool, lane, lane.job(file));
  });
  const cells = ({ over }: Lane) => cellsOf(bench.runs.filter((run) => run.of === bench.of && run.over === over));
  return {
    title: "The engine's own connections, compared with undici",
    method: `The floor and "undici" (version ${await undici.version()}) do the same job in the same way: reads into part buffers, a CRC-32, a PUT, and nothing else. The floor reads from the socket and sends with node:http, the other one does both with undici's request. The engine does all its checks, too.`,
    tables: [
      ...lanes.map((lane) => cellTable(`${lane.over}, ${file.length / MIB} MiB`, cells(lane))),
      savedTable(lanes, cells, bench.sluice, undici),
      await linesTable(),
    ],
    findings: [],
  };
}

function savedTable(lanes: readonly Lane[], cells: (lane: Lane) => readonly Cell[], sluice: Tool, undici: Tool): Table {
  const rows = lanes.flatMap((lane) => {
    const [own, other] = [sluice, undici].map(({ name }) => cells(lane).find(({ tool }) => tool === name));
    if (own === undefined || other === undefined) return [];
    const cpu = own.cpuSecondsPerGib / other.cpuSecondsPerGib;
    return [[lane.over, cpu.toFixed(2), (own.peakMib - other.peakMib).toFixed(0)]];
  });
  return {
    caption: 'The engine beside undici alone',
    columns: ['', 'CPU, in multiples of undici', 'MiB more than undici'],
    rows,
  };
}

async function linesTable(): Promise<Table> {
  const names = (await readdir(LANE)).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, LANE), 'utf8')));
  const rows = texts.map((text, index) => {
    const lines = text.trimEnd().split('\n');
    return { name: names[index] ?? '', all: lines.length, code: lines.filter(isCode).length };
  });
  const total = (count: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + count(row), 0);
  return {
    caption: 'The lines of `transfer/lane/`, which are the price',
    columns: ['file', 'lines', 'without comments and empty lines'],
    rows: [
      ...rows.map(({ name, all, code }) => [name, all, code]),
      ['all', total(({ all }) => all), total(({ code }) => code)],
    ],
  };
}

/** Whether a line is neither empty nor only a comment. */
function isCode(line: string): boolean {
  return !/^\s*(?:$|\/\/|\/\*|\*)/.test(line);
}
