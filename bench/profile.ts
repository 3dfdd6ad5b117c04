/**
 * Where the engine's CPU time goes: `node bench/profile.ts [--gib 4] [--tls]` lands one file under V8's sampling
 * profiler and prints seconds for each GiB. The profiler itself takes some of them. It also counts the time in which the
 * process waits for a processor, so on a busy machine the rows are too large, and the last one is below zero.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scriptOptions } from '#local/script-options.ts';
import { openLane } from './harness/lane.ts';
import { measure } from './harness/measure.ts';
import { GIB } from './harness/run.ts';
import { largeFile } from './harness/source-files.ts';
import { sluiceTool } from './tools/sluice.ts';

/** Functions that are recognised by name; all others are recognised by file: ours, the SDK's or Node's. */
const NAMED: readonly [RegExp, string][] = [
  [/^crc32 node:zlib/, 'CRC-32'],
  [/^(?:writev|writeLatin1String|writeUtf8String|writeBuffer) /, 'writes to sockets, with the kernel’s copy and TLS'],
  [/^\(garbage collector\)/, 'garbage collection'],
  [/^(?:compile\S*) node:|^\(program\)/, 'compiling, and V8 itself'],
  [/ node:/, 'JavaScript of Node'],
];

const { values } = scriptOptions({
  command: 'node bench/profile.ts',
  about: 'Shows where the CPU time of the engine goes, by V8’s profiler.',
  options: {
    gib: { type: 'string', takes: 'NUMBER', default: '4', what: 'size of the file' },
    tls: { type: 'boolean', default: false, what: 'use TLS on both sides' },
  },
});
const gib = Number(values.gib);
const file = largeFile(gib * GIB);
const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'));
await using lane = await openLane({ files: [file], tls: values.tls });
const tool = await sluiceTool();
const job = lane.job(file);
const command = tool.command(job);
const profiled = ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${folder}`];
const { cost } = await measure({ ...command, args: [...profiled, ...command.args] });
await lane.settle([job]);

const seconds = new Map<string, number>();
const add = (what: string, more: number) => seconds.set(what, (seconds.get(what) ?? 0) + more);
for (const [what, busy] of selfSeconds()) add(what, busy);
const cpu = cost.userSeconds + cost.systemSeconds;
add('outside of JavaScript: reads from sockets, other threads', cpu - [...seconds.values()].reduce((a, b) => a + b, 0));
const rows = [...seconds].sort(([, one], [, other]) => other - one);
process.stdout.write(`${lane.over}, ${gib} GiB: ${(cpu / gib).toFixed(2)} CPU s/GiB\n`);
for (const [what, busy] of rows) process.stdout.write(`${(busy / gib).toFixed(3).padStart(8)}  ${what}\n`);
rmSync(folder, { recursive: true });

/** Seconds in each kind of function itself, without the functions that it calls. */
function selfSeconds(): Map<string, number> {
  const [name = ''] = readdirSync(folder);
  const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profiler.Profile;
  const kinds = new Map(profile.nodes.map(({ id, callFrame }) => [id, kindOf(callFrame)]));
  const self = new Map<string, number>();
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const kind = kinds.get(id);
    if (kind !== undefined) self.set(kind, (self.get(kind) ?? 0) + (profile.timeDeltas?.[index] ?? 0) / 1e6);
  }
  return self;
}

/** @returns undefined for idle time. */
function kindOf({ functionName, url }: Profiler.Profile['nodes'][number]['callFrame']): string | undefined {
  const name = `${functionName} ${url}`;
  if (/^\((?:idle|root)\)/.test(name)) return undefined;
  return NAMED.find(([pattern]) => pattern.test(name))?.[1] ?? 'the engine and the SDK';
}
