/**
 * `node bench/lambda-shares.ts [--mib 512] [--rounds 3]`: measures how much a Lambda of each memory size lands in a
 * second, and what a TiB costs. Each run gets Lambda's share of a processor for that size, by a Linux control group,
 * with TLS on both sides. The price is that of arm64; the processor is this machine's.
 */
import { loadavg } from 'node:os';
import { PRICES } from '#costs/prices.ts';
import { scriptOptions } from '#local/script-options.ts';
import { CpuGroup } from './harness/cpu-group.ts';
import { openLane } from './harness/lane.ts';
import { type Cost, measure } from './harness/measure.ts';
import { MIB, median } from './harness/run.ts';
import { largeFile } from './harness/source-files.ts';
import { sluiceTool } from './tools/sluice.ts';

/** Lambda gives one processor to a function of so many MiB, and other sizes in proportion. */
const MIB_A_PROCESSOR = 1_769;
const MEMORY_MIB = [512, 1_024, 1_769, 3_008] as const;
const TIB_MIB = 1_048_576;

const { values } = scriptOptions({
  command: 'node bench/lambda-shares.ts',
  about: 'Measures how many MiB a Lambda function of each memory size lands in a second.',
  options: {
    mib: { type: 'string', takes: 'NUMBER', default: '512', what: 'size of the file' },
    rounds: { type: 'string', takes: 'NUMBER', default: '3', what: 'runs for each size' },
  },
});
const mib = Number(values.mib);
const file = largeFile(mib * MIB);
const [loadAtStart = Number.NaN] = loadavg();
await using lane = await openLane({ files: [file], tls: true });
const sluice = await sluiceTool();
const costs = new Map<number, Cost[]>(MEMORY_MIB.map((memory) => [memory, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const memory of MEMORY_MIB) {
    using group = new CpuGroup(memory / MIB_A_PROCESSOR);
    const job = lane.job(file);
    const { cost } = await measure(group.within(sluice.command(job)));
    await lane.settle([job]);
    costs.get(memory)?.push(cost);
  }
}

const [loadAtEnd = Number.NaN] = loadavg();
console.log(
  `${mib} MiB over TLS, ${values.rounds} rounds, load ${loadAtStart.toFixed(1)} and ${loadAtEnd.toFixed(1)}\n`,
);
console.log('| memory MiB | share | MiB/s | $ a TiB | MiB/s by its CPU | $ a TiB by its CPU | peak MiB |');
console.log('|---:|---:|---:|---:|---:|---:|---:|');
for (const [memory, own] of costs) {
  const share = memory / MIB_A_PROCESSOR;
  const measured = mib / median(own.map((cost) => cost.wallSeconds));
  // On a busy machine, the group does not get its whole share. Then the CPU time shows how long the run would have
  // taken.
  const byCpu = (mib / median(own.map((cost) => cost.userSeconds + cost.systemSeconds))) * share;
  const dollars = (rate: number) => (TIB_MIB / rate) * (memory / 1_024) * PRICES.lambdaGbSecond.dollars;
  const cells = [
    memory,
    share.toFixed(2),
    measured.toFixed(0),
    dollars(measured).toFixed(3),
    byCpu.toFixed(0),
    dollars(byCpu).toFixed(3),
    median(own.map((cost) => cost.peakMib)).toFixed(0),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
