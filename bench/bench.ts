/**
 * `npm run bench`: measures the engine, and writes what it found to `bench/results/`. See `bench/README.md`.
 */
import { parseArgs } from 'node:util';
import { findVersitygw } from '#test/helpers/s3-server.ts';
import { costCase } from './cases/cost.ts';
import { limitedCase } from './cases/limited.ts';
import { memoryCase } from './cases/memory.ts';
import { slicesCase } from './cases/slices.ts';
import { writeResults } from './results.ts';
import { Bench } from './run.ts';
import { sluiceTool } from './tools/sluice.ts';

const CASES = { memory: memoryCase, limited: limitedCase, cost: costCase, slices: slicesCase };
const HELP = `npm run bench -- [--quick] [--only ${Object.keys(CASES).join(',')}] [--minutes 60]

--quick    smaller files, a few minutes; the results go to files of their own
--only     some of the cases, by their names and commas
--minutes  no run is begun after this time; what is left out is named in the results
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    minutes: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const names = (values.only?.split(',') ?? Object.keys(CASES)) as (keyof typeof CASES)[];
const unknown = names.filter((name) => !Object.hasOwn(CASES, name));
const minutes = Number(values.minutes ?? (values.quick ? 10 : 60));
if (values.help || unknown.length > 0 || !(minutes > 0)) {
  const fault = unknown.length > 0 ? `no such case: ${unknown.join(', ')}\n\n` : '';
  process.stderr.write(fault + HELP);
  process.exit(values.help ? 0 : 2);
}
if (!findVersitygw()) {
  process.stderr.write('versitygw is not installed: run test/helpers/install-s3-server.sh (it needs go)\n');
  process.exit(2);
}

// By way of 'exit' the servers end, and their gigabytes go.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const sluice = await sluiceTool();
const bench = new Bench({ quick: values.quick, minutes, sluice, tools: [sluice] });
for (const name of names) {
  bench.say(`== ${name}`);
  try {
    bench.results.push({ name, ...(await CASES[name](bench)) });
  } catch (error) {
    bench.fail(name, error);
  }
}
await writeResults(bench, values.only === undefined ? undefined : names);
process.exit(bench.failures.length > 0 ? 1 : 0);
