import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { findVersitygw } from '#test/helpers/s3-server.ts';
import { chart } from './chart.ts';
import { findNginx, nginxVersion } from './nginx.ts';
import { type Bench, GIB, type Table } from './run.ts';

const FOLDER = new URL('../results/', import.meta.url);

interface Circumstances {
  readonly date: string;
  readonly machine: string;
  /** The number of processes that wanted a core in the minute before; near 0 on a quiet machine. */
  readonly loadAtStart: number;
  /** The same at the end; the benchmark itself adds 2 to 3. */
  readonly loadAtEnd: number;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Writes the results as Markdown, as JSON with every single run, and as a chart. A whole benchmark, a benchmark of the
 * goals, a quick one and one of some cases have separate files.
 */
export class ResultFiles {
  readonly #bench: Bench;
  readonly #stem: string;
  readonly #versions: Readonly<Record<string, string>>;

  constructor(bench: Bench, stem: string, toolVersions: ReadonlyMap<string, string>) {
    this.#bench = bench;
    this.#stem = stem;
    const nginx = findNginx();
    this.#versions = {
      node: process.version,
      versitygw: versitygwVersion(),
      ...(nginx && { nginx: nginxVersion(nginx) }),
      ...Object.fromEntries(toolVersions),
    };
  }

  get name(): string {
    return `bench/results/${this.#stem}.md, .json and .svg`;
  }

  page(): string {
    return markdown(this.#bench, this.#circumstances(), this.#stem);
  }

  /** Writes the results so far. */
  async write(): Promise<void> {
    const { results, runs, failures, repeated, leftOut } = this.#bench;
    const around = this.#circumstances();
    await mkdir(FOLDER, { recursive: true });
    const json = `${JSON.stringify({ ...around, results, failures, repeated, leftOut, runs }, undefined, 2)}\n`;
    await writeFile(new URL(`${this.#stem}.json`, FOLDER), json);
    await writeFile(new URL(`${this.#stem}.md`, FOLDER), this.page());
    const picture = chart(runs, around);
    if (picture) await writeFile(new URL(`${this.#stem}.svg`, FOLDER), picture);
  }

  #circumstances(): Circumstances {
    const [cpu] = cpus();
    const memory = Math.round(totalmem() / GIB);
    return {
      date: new Date().toISOString(),
      machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${memory} GiB, Linux ${release().split('-')[0]}`,
      loadAtStart: this.#bench.loadAtStart,
      loadAtEnd: loadavg()[0] ?? Number.NaN,
      versions: this.#versions,
    };
  }
}

/** A versitygw from `go install` doesn't know its own version, but go does. */
function versitygwVersion(): string {
  const said = execFileSync('go', ['version', '-m', findVersitygw() ?? ''], { encoding: 'utf8' });
  return /^\s*mod\s+\S+\s+(\S+)/m.exec(said)?.[1] ?? 'unknown';
}

function markdown(
  { results, runs, failures, repeated, leftOut, quick }: Bench,
  { date, machine, loadAtStart, loadAtEnd, versions }: Circumstances,
  stem: string,
): string {
  const lines = [`# Measured ${date.slice(0, 10)}${quick ? ' (quick run: do not compare these figures)' : ''}`, ''];
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  lines.push(
    `${machine}, load ${loadAtStart.toFixed(1)} at the start and ${loadAtEnd.toFixed(1)} at the end. ${named.join(', ')}.`,
  );
  lines.push(
    'Source, S3 server and tool are separate processes on the loopback interface. Every object was compared with its source by SHA-256.',
  );
  if (runs.some(({ of }) => of === 'peers')) lines.push('', `![The tools compared](${stem}.svg)`);
  const findings = results.flatMap((result) => result.findings);
  if (findings.length > 0) {
    lines.push('', '## Goals', '', '| goal | figure | |', '| --- | --- | --- |');
    for (const { goal, figure, met } of findings)
      lines.push(`| ${goal} | ${figure} | ${met ? 'met' : '**not met**'} |`);
  }
  for (const { title, method, tables } of results) {
    lines.push('', `## ${title}`, '', method);
    for (const table of tables) lines.push('', ...tableLines(table));
  }
  if (failures.length > 0) lines.push('', '## Failed', '', ...failures.map((what) => `- ${oneLine(what)}`));
  if (repeated.length > 0)
    lines.push('', '## Failed and repeated', '', ...repeated.map((what) => `- ${oneLine(what)}`));
  if (leftOut.length > 0) lines.push('', '## Not measured', '', ...leftOut.map((what) => `- ${what}`));
  return `${lines.join('\n')}\n`;
}

function tableLines({ caption, columns, rows }: Table): string[] {
  return [
    ...(caption === undefined ? [] : [`**${caption}**`, '']),
    row(columns),
    row(columns.map(() => '---')),
    ...rows.map(row),
  ];
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}

/** A tool's message as one line of Markdown: without HTML, which a page would take for its own. */
function oneLine(what: string): string {
  return what.replace(/\s+/g, ' ').slice(0, 500).replaceAll('<', '&lt;');
}
