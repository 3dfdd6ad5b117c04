import { openLane } from '../lane.ts';
import { type Bench, type CaseResult, GIB, MIB } from '../run.ts';

/** Low enough that 16 of them leave two cores to spare: the case is about connections, not about CPU. */
const BYTES_PER_SECOND = 10 * MIB;
const GOAL = 13;

/** Many connections against one, on a source that limits each of them by a token bucket. */
export async function limitedCase(bench: Bench): Promise<CaseResult> {
  const bytes = bench.quick ? GIB : 2 * GIB;
  await using lane = await openLane({ lengths: [bytes], bytesPerSecondPerConnection: BYTES_PER_SECOND });
  const rows: (string | number)[][] = [];
  const ratios: number[] = [];
  for (const tool of bench.tools) {
    const seconds = new Map<number, number>();
    for (const connections of tool.takesConnections ? [16, 1] : [1]) {
      const run = await bench.transfer(tool, lane, lane.job(bytes, connections));
      if (!run) continue;
      seconds.set(connections, run.wallSeconds);
      const rate = bytes / MIB / run.wallSeconds;
      rows.push([tool.name, connections, run.wallSeconds.toFixed(2), rate.toFixed(1), run.peakMib.toFixed(0)]);
    }
    const [many, one] = [seconds.get(16), seconds.get(1)];
    if (many && one && tool === bench.sluice) ratios.push(one / many);
  }
  return {
    title: `A source limited to ${BYTES_PER_SECOND / MIB} MiB/s a connection, ${bytes / MIB} MiB`,
    method:
      'Wall time of the whole process, its start included. The token bucket starts empty and saves up no more than 20 ms, so that many small ranges gain nothing by bursts.',
    table: { columns: ['tool', 'connections', 'wall s', 'MiB/s', 'peak MiB'], rows },
    findings: ratios.map((ratio) => ({
      goal: `16 connections at least ${GOAL} times as fast as one`,
      figure: `${ratio.toFixed(1)} times`,
      met: ratio >= GOAL,
    })),
  };
}
