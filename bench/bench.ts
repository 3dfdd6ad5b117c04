/**
 * `npm run bench`: measures the engine and the tools that it is compared with, and writes the results to
 * `bench/results/`. See `bench/README.md`.
 */
import { loadavg } from 'node:os';
import { endBySignal } from '#local/end-by-signal.ts';
import { refuse, scriptOptions } from '#local/script-options.ts';
import { findVersitygw } from '#test/helpers/s3-server.ts';
import { coldstartCase } from './cases/coldstart.ts';
import { connectionsCase } from './cases/connections.ts';
import { equalCase } from './cases/equal.ts';
import { lanesCase } from './cases/lanes.ts';
import { limitedCase } from './cases/limited.ts';
import { memoryCase } from './cases/memory.ts';
import { peersCase } from './cases/peers.ts';
import { pipedCase } from './cases/piped.ts';
import { slicesCase } from './cases/slices.ts';
import { slowCase } from './cases/slow.ts';
import { smallCase } from './cases/small.ts';
import { waitForQuiet } from './harness/quiet.ts';
import { ResultFiles } from './harness/results.ts';
import { Bench } from './harness/run.ts';
import type { Tool } from './harness/tool.ts';
import { awsCp, s5cmdPipe } from './tools/curl-pipes.ts';
import { floorTools } from './tools/floor.ts';
import { libStorageTool } from './tools/lib-storage.ts';
import { boto3UploadFileobj, s3transferCrt, smartOpen } from './tools/python.ts';
import { rcloneCopyto, rcloneCopyurl, rcloneOnePut } from './tools/rclone.ts';
import { sluiceTool } from './tools/sluice.ts';
import { sluiceCopy } from './tools/sluice-copy.ts';

/** In the order in which they run: the goals against other tools first, the longest cases last. */
const CASES = {
  coldstart: coldstartCase,
  piped: pipedCase,
  small: smallCase,
  limited: limitedCase,
  peers: peersCase,
  equal: equalCase,
  lanes: lanesCase,
  slow: slowCase,
  connections: connectionsCase,
  memory: memoryCase,
  slices: slicesCase,
};
type CaseName = keyof typeof CASES;
const ALL = Object.keys(CASES) as CaseName[];
/** Cases with a goal against the other tools. */
const GOALS: readonly CaseName[] = ['coldstart', 'piped', 'small', 'limited', 'peers', 'memory'];
/** The goals that a brief run measures. */
const BRIEF_GOALS: readonly CaseName[] = ['coldstart', 'small', 'peers', 'memory'];

const SCRIPT = {
  command: 'npm run bench --',
  about:
    'Measures the engine and other tools for the same job. After --minutes it starts no more measurements, and it names those that it has not made.',
  options: {
    quick: {
      type: 'boolean',
      default: false,
      what: 'smaller files and one round each, in a few minutes: shows that everything works, not how fast it is',
    },
    goals: {
      type: 'boolean',
      default: false,
      what: `the cases with goals (${GOALS.join(', ')}) within half an hour; with --quick ${BRIEF_GOALS.join(', ')} within 12 minutes`,
    },
    only: { type: 'string', takes: 'CASE,…', what: `measure only these cases: ${ALL.join(', ')}` },
    tools: {
      type: 'string',
      takes: 'TOOL,…',
      what: 'measure only these tools, each named by a part of its name; sluice is always measured',
    },
    minutes: { type: 'string', takes: 'NUMBER', what: 'start no measurement after this time (22, or 10 with --quick)' },
    wait: {
      type: 'string',
      takes: 'NUMBER',
      what: 'wait this many minutes for a quiet machine before the start (2, or 0 with --quick)',
    },
  },
} as const;

const { values } = scriptOptions(SCRIPT);
/** Files of their real size, but only as many rounds as fit into twelve minutes. */
const brief = values.goals && values.quick;
const quick = values.quick && !brief;
const asked = values.only?.split(',') ?? (brief ? BRIEF_GOALS : values.goals ? GOALS : ALL);
const unknown = asked.filter((name) => !Object.hasOwn(CASES, name));
if (unknown.length > 0) refuse(SCRIPT, `there is no case ${unknown.join(', ')}; there are ${ALL.join(', ')}`);
const minutes = Number(values.minutes ?? (values.quick ? 10 : 22));
if (!(minutes > 0)) refuse(SCRIPT, '--minutes takes a number above 0');
const wait = Number(values.wait ?? (values.quick ? 0 : 2));
if (!findVersitygw()) refuse(SCRIPT, 'versitygw is not installed: run test/helpers/install-s3-server.sh (it needs go)');

// On 'exit' the servers end, and their gigabytes are deleted.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endBySignal(signal));

const say = (line: string) => void process.stderr.write(`${line}\n`);
const sluice = await sluiceTool();
const tools: Tool[] = [
  sluice,
  ...(await floorTools()),
  ...[rcloneOnePut, rcloneCopyto, s5cmdPipe, boto3UploadFileobj, s3transferCrt],
  ...(brief ? [] : [sluiceCopy, rcloneCopyurl, awsCp, smartOpen, await libStorageTool()]),
];
const versions = new Map<Tool, string | undefined>();
for (const tool of chosen(tools)) versions.set(tool, await tool.version());
const missing = [...versions].filter(([, version]) => version === undefined).map(([tool]) => tool.name);
if (missing.length > 0)
  say(`these tools are not installed and not measured: ${missing.join(', ')}; bench/install-peers.sh installs them`);

await waitForQuiet(wait, say);
const installed = [...versions.keys()].filter((tool) => versions.get(tool) !== undefined);
const loadAtStart = loadavg()[0] ?? Number.NaN;
const bench = new Bench({ quick, brief, minutes, sluice, tools: installed, loadAtStart });
for (const name of missing) bench.leftOut.push(`${name}: not installed`);
const kind = quick ? 'quick' : brief ? 'brief' : 'full';
const files = new ResultFiles(
  bench,
  values.only || values.tools ? `some-${kind}` : values.goals && !quick ? (brief ? 'goals-brief' : 'goals') : kind,
  new Map([...versions].map(([tool, version]) => [tool.name, version ?? 'not installed'])),
);
for (const name of ALL.filter((one) => asked.includes(one))) {
  say(`== ${name}`);
  bench.of = name;
  try {
    bench.results.push({ name, ...(await CASES[name](bench)) });
  } catch (error) {
    bench.fail(name, error);
  }
  // After each case, so that the results of finished cases are kept if this process ends early.
  await files.write();
}
process.stdout.write(`${files.page()}\nwritten to ${files.name}\n`);
if (bench.failures.length > 0) process.exitCode = 1;

function chosen(all: readonly Tool[]): Tool[] {
  const parts = values.tools?.split(',');
  if (parts === undefined) return [...all];
  const strange = parts.filter((part) => !all.some(({ name }) => name.includes(part)));
  if (strange.length > 0) {
    refuse(SCRIPT, `there is no tool ${strange.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter((tool) => tool === sluice || parts.some((part) => tool.name.includes(part)));
}
