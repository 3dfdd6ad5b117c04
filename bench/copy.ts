/**
 * Measures `sluice copy` with 4 and with 8 connections: a file of 1 MiB, one of 1 GiB, and sources that limit each
 * connection; and the start of the command line. The runs are interleaved: `node bench/copy.ts --rounds 3`. It needs
 * versitygw.
 */
import { loadavg } from 'node:os';
import { refuse, scriptOptions } from '#local/script-options.ts';
import { findVersitygw } from '#test/helpers/s3-server.ts';
import { openLane } from './harness/lane.ts';
import { type Command, type Cost, measure } from './harness/measure.ts';
import { MIB, median } from './harness/run.ts';
import { largeFile } from './harness/source-files.ts';
import { sluiceCopy } from './tools/sluice-copy.ts';

const SCRIPT = {
  command: 'node bench/copy.ts',
  about: 'Measures "sluice copy" with 4 and 8 connections, and the start of the command line.',
  options: { rounds: { type: 'string', takes: 'NUMBER', default: '3', what: 'the number of runs of each' } },
} as const;
const { values } = scriptOptions(SCRIPT);
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) refuse(SCRIPT, '--rounds takes a whole number above 0');
if (!findVersitygw()) refuse(SCRIPT, 'versitygw is not installed: run test/helpers/install-s3-server.sh (it needs go)');

const CONNECTIONS = [4, 8];
/** The length of the file, and the rate to which the source limits each connection, in MiB. */
const SOURCES: readonly { readonly mib: number; readonly limit?: number }[] = [
  { mib: 1 },
  { mib: 1_024 },
  { mib: 512, limit: 10 },
  { mib: 512, limit: 40 },
  { mib: 1_024, limit: 100 },
];

console.log(`load ${loadavg()[0]?.toFixed(1)} at the start; medians of ${rounds} runs`);
for (const { mib, limit } of SOURCES) {
  const file = largeFile(mib * MIB);
  await using lane = await openLane({
    files: [file],
    ...(limit !== undefined && { bytesPerSecondPerConnection: limit * MIB }),
  });
  const costs = new Map<number, Cost[]>(CONNECTIONS.map((connections) => [connections, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [connections, those] of costs) {
      const job = lane.job(file, { connections });
      those.push((await measure(sluiceCopy.command(job))).cost);
      await lane.settle([job]);
    }
  }
  const source = limit === undefined ? '' : `, each connection limited to ${limit} MiB/s`;
  for (const [connections, those] of costs) show(`${mib} MiB${source}, ${connections} connections`, those);
}
await using lane = await openLane({ files: [] });
const { file, args, env } = sluiceCopy.command(lane.job(largeFile(MIB)));
const help: Command = { file, args: [...args.slice(0, 1), '--help'], env };
const starts: Cost[] = [];
for (let round = 0; round < rounds * 3; round++) starts.push((await measure(help)).cost);
show('sluice --help', starts);
console.log(`load ${loadavg()[0]?.toFixed(1)} at the end`);

function show(what: string, costs: readonly Cost[]): void {
  const of = (figure: (cost: Cost) => number) => median(costs.map(figure));
  const cpu = of(({ userSeconds, systemSeconds }) => userSeconds + systemSeconds);
  const [wall, peak] = [of(({ wallSeconds }) => wallSeconds), of(({ peakMib }) => peakMib)];
  console.log(`${what}: ${wall.toFixed(2)} s, ${cpu.toFixed(2)} CPU s, ${peak.toFixed(0)} MiB`);
}
