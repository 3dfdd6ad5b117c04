import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { findVersitygw } from '#test/helpers/s3-server.ts';
import { type Bench, GIB, type Table } from './run.ts';

const FOLDER = new URL('results/', import.meta.url);

interface Circumstances {
  readonly date: string;
  readonly machine: string;
  /** Processes that wanted a core in the minute before; near 0 on a machine that is left alone. */
  readonly loadAtStart: number;
  /** The same at the end; the benchmark itself makes 2 to 3. */
  readonly loadAtEnd: number;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Writes the results as Markdown, for people, and as JSON with every single run.
 * A whole benchmark, a quick one and one of some cases only have files of their own.
 */
export async function writeResults(bench: Bench, onlyCases: readonly string[] | undefined): Promise<void> {
  const around = await circumstances(bench);
  const name = `${bench.quick ? 'quick' : 'full'}${onlyCases ? `-${onlyCases.join('-')}` : ''}`;
  const { results, runs, failures, leftOut } = bench;
  await mkdir(FOLDER, { recursive: true });
  const json = `${JSON.stringify({ ...around, results, failures, leftOut, runs }, undefined, 2)}\n`;
  await writeFile(new URL(`${name}.json`, FOLDER), json);
  const page = markdown(bench, around);
  await writeFile(new URL(`${name}.md`, FOLDER), page);
  process.stdout.write(`${page}\nwritten to bench/results/${name}.md and .json\n`);
}

async function circumstances(bench: Bench): Promise<Circumstances> {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / GIB);
  const versions: Record<string, string> = { node: process.version, versitygw: versitygwVersion() };
  for (const tool of bench.tools) versions[tool.name] = (await tool.version()) ?? 'not installed';
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${memory} GiB, Linux ${release().split('-')[0]}`,
    loadAtStart: bench.loadAtStart,
    loadAtEnd: loadavg()[0] ?? Number.NaN,
    versions,
  };
}

/** versitygw built by `go install` doesn't know its own version, but go does. */
function versitygwVersion(): string {
  const said = execFileSync('go', ['version', '-m', findVersitygw() ?? ''], { encoding: 'utf8' });
  return /^\s*mod\s+\S+\s+(\S+)/m.exec(said)?.[1] ?? 'unknown';
}

function markdown(
  { results, failures, leftOut, quick }: Bench,
  { date, machine, loadAtStart, loadAtEnd, versions }: Circumstances,
): string {
  const lines = [`# Measured ${date.slice(0, 10)}${quick ? ' (quick run)' : ''}`, ''];
  lines.push(
    `${machine}, load ${loadAtStart.toFixed(1)} at the start and ${loadAtEnd.toFixed(1)} at the end. ${Object.entries(
      versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  );
  lines.push('Loopback; source, S3 server and tool each a process of its own; every object compared with the source.');
  for (const { title, method, table, findings } of results) {
    lines.push('', `## ${title}`, '', method, '', ...tableLines(table));
    if (findings.length > 0) lines.push('');
    for (const { goal, figure, met } of findings) lines.push(`- ${met ? 'met' : '**not met**'}: ${goal}: ${figure}`);
  }
  if (failures.length > 0) lines.push('', '## Failed', '', ...failures.map((what) => `- ${what.slice(0, 500)}`));
  if (leftOut.length > 0) lines.push('', '## Left out', '', ...leftOut.map((what) => `- ${what}`));
  return `${lines.join('\n')}\n`;
}

function tableLines({ columns, rows }: Table): string[] {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)];
}
