import type { SliceOutcome, TransferState } from '#transfer/index.ts';
import { cellsOf, cellTable } from '../harness/cells.ts';
import { type Job, type Lane, openLane } from '../harness/lane.ts';
import { measure } from '../harness/measure.ts';
import { type Bench, type CaseResult, type Finding, GIB, MIB } from '../harness/run.ts';
import { largeFile } from '../harness/source-files.ts';
import { rcloneCopyto } from '../tools/rclone.ts';
import type { SluiceStep } from '../tools/sluice-process.ts';

/** Low enough that 16 connections leave a part of two cores unused: the case measures connections, not CPU. */
const BYTES_PER_SECOND = 10 * MIB;
const CONNECTIONS = 16;
const GOAL = 13;
const SECONDS = 90;

/** Many connections compared with one, on a source that limits each connection with a token bucket. */
export async function limitedCase(bench: Bench): Promise<CaseResult> {
  // With less than a GiB, the first part, which comes over one connection, decides the time of 16 connections. The
  // speed of one connection is the same at any length, and a file four times as long would only take four times as
  // long.
  const file = largeFile(bench.quick ? GIB : 2 * GIB);
  const short = largeFile(bench.quick ? GIB / 4 : GIB / 2);
  const tools = bench.tools.filter(({ readsInParallel }) => readsInParallel);
  await using lane = await openLane({ files: [file, short], bytesPerSecondPerConnection: BYTES_PER_SECOND });
  await bench.rounds(bench.quick ? 1 : 3, SECONDS, async () => {
    for (const tool of tools) await bench.transfer(tool, lane, lane.job(file, { connections: CONNECTIONS }));
  });
  await bench.transfer(bench.sluice, lane, lane.job(short, { connections: 1 }));
  const partsOfMany = await partsMibPerSecond(bench, lane, lane.job(file, { connections: CONNECTIONS }));
  const partsOfOne = await partsMibPerSecond(bench, lane, lane.job(short, { connections: 1 }));

  const own = bench.runs.filter(({ of }) => of === bench.of);
  const many = cellsOf(own.filter(({ sizes }) => sizes.connections === CONNECTIONS));
  const one = cellsOf(own.filter(({ sizes }) => sizes.connections === 1));
  const [sluice, rclone] = [bench.sluice.name, rcloneCopyto.name].map((name) => many.find(({ tool }) => tool === name));
  const findings: Finding[] = [];
  if (sluice && rclone) {
    findings.push({
      goal: `${CONNECTIONS} connections: sooner than ${rclone.tool} with as many streams`,
      figure: `${sluice.wallSeconds.toFixed(2)} and ${rclone.wallSeconds.toFixed(2)} s`,
      met: sluice.wallSeconds < rclone.wallSeconds,
    });
  }
  if (sluice && one[0]) {
    const times = sluice.mibPerSecond / one[0].mibPerSecond;
    findings.push({
      goal: `${CONNECTIONS} connections: at least ${GOAL} times the rate of one`,
      figure: `${times.toFixed(1)} times`,
      met: times >= GOAL,
    });
  }
  const partsTimes = partsOfMany / partsOfOne;
  findings.push({
    goal: `${CONNECTIONS} connections: at least ${GOAL} times the rate of one, from the second part to the last one's acknowledgement`,
    figure: `${partsTimes.toFixed(1)} times: ${partsOfMany.toFixed(1)} and ${partsOfOne.toFixed(1)} MiB/s`,
    met: partsTimes >= GOAL,
  });
  return {
    title: `A source limited to ${BYTES_PER_SECOND / MIB} MiB/s for each connection`,
    method:
      'Wall time of the whole process, with its start. The source is the Node server of the tests. Its token bucket starts empty and saves at most 20 ms between two answers, so that bursts do not help many small ranges. The time includes Complete, for which this S3 server copies every byte.',
    tables: [
      cellTable(`${CONNECTIONS} connections, ${file.length / MIB} MiB`, many),
      cellTable(`one connection, ${short.length / MIB} MiB`, one),
    ],
    findings,
  };
}

/** The speed of one call of `uploadSlice` for all parts but the first, with the start of its process. */
async function partsMibPerSecond(bench: Bench, lane: Lane, job: Job): Promise<number> {
  const step = async (todo: SluiceStep) => {
    const { cost, output } = await measure(bench.sluice.step(job, todo));
    return { answer: JSON.parse(output), seconds: cost.wallSeconds };
  };
  const { state } = (await step({ step: 'open' })).answer as { state: TransferState };
  const slice = { first: 1, last: state.count };
  const { answer, seconds } = await step({ step: 'slice', state, slice, deadline: Date.now() + 600_000 });
  const { bytes, proofs } = answer as SliceOutcome;
  await step({ step: 'close', state, proofs });
  await lane.settle([job]);
  return bytes / MIB / seconds;
}
