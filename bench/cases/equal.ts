import { cellsOf, cellTable } from '../harness/cells.ts';
import { openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, GIB, MIB, type Table } from '../harness/run.ts';
import { SHIPPED } from '../harness/shipped.ts';
import { largeFile } from '../harness/source-files.ts';

const SECONDS = 150;

/** One large file at equal concurrency and part size, for the tools that have options for both. */
export async function equalCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(bench.quick ? GIB / 8 : GIB);
  const sizes = { connections: SHIPPED.connections, partMib: SHIPPED.bufferMiB };
  const tools = bench.tools.filter(({ takesSizes }) => takesSizes);
  await using lane = await openLane({ files: [file] });
  await bench.rounds(bench.quick ? 1 : 3, SECONDS, async () => {
    for (const tool of tools) await bench.transfer(tool, lane, lane.job(file, sizes));
  });
  const cells = cellsOf(bench.runs.filter(({ of }) => of === bench.of));
  const tables: Table[] = [cellTable(`HTTP, ${file.length / MIB} MiB`, cells)];
  return {
    title: `Equal sizes: ${sizes.connections} at once, parts of ${sizes.partMib} MiB`,
    method:
      'Each tool that has both options uses the sizes of the engine. s3transfer on awscrt and smart_open have no option for the number of parts at the same time.',
    tables,
    findings: [],
  };
}
