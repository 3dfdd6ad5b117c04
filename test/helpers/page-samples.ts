import type { PricedDeployment } from '#page/cost/priced-deployment.ts';
import { pageItem } from '#page/items/page-item.ts';
import { endedView } from '#page/run/ended-view.ts';
import type { ListedRun } from '#page/runs/listed-run.ts';
import type { RunView } from '#page/view.ts';
import type { ItemLine, Manifest } from '#run/end/manifest.ts';
import { problemOfEnd } from '#run/end/problem-of-end.ts';
import { Tally } from '#run/end/tally.ts';
import { itemId } from '#run/ids.ts';
import { DEFAULT_WAIT_FOR } from '#run/input/wait-for.ts';
import { type GateRecord, newGateRecord } from '#run/ledger/gate-record.ts';
import { countByShard } from '#run/ledger/shards.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { noteOf } from '#run/problem/note.ts';
import { problemOf } from '#run/problem/problem.ts';

const START = Date.parse('2026-11-27T04:30:00.000Z');
const BUCKET = 'sluice-bucket';

/** A deployment with default settings. */
export const DEFAULT_DEPLOYMENT: PricedDeployment = {
  transferGb: 1,
  endGb: 1.73,
  shortGb: 0.5,
  sourcesAtOnce: 8,
  sliceMib: 8_192,
  workerVcpus: 1,
  workerGb: 4,
  architecture: 'arm64',
  spot: true,
  publicIps: true,
  ownKey: false,
};

/** The same random numbers each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const at = (milliseconds: number) => new Date(START + Math.round(milliseconds)).toISOString();

export interface SampleItem {
  readonly name: string;
  readonly url?: string;
  readonly status?: ItemLine['status'];
  readonly bytes?: number;
  /** Milliseconds since the run's start, and for how long. */
  readonly from?: number;
  readonly transfer?: number;
  readonly queue?: number;
  readonly work?: number;
  readonly rows?: number;
  readonly badRows?: number;
  readonly error?: { readonly name: string; readonly message: string };
}

const COLUMNS = [
  ['vendor_id', 'BIGINT'],
  ['pickup_at', 'TIMESTAMP'],
  ['dropoff_at', 'TIMESTAMP'],
  ['passengers', 'BIGINT'],
  ['distance_km', 'DOUBLE'],
  ['fare', 'DECIMAL(10,2)'],
  ['payment', 'VARCHAR'],
].map(([name = '', type = '']) => ({ name, type }));

/** A line of `items.jsonl` as a run writes it. */
export function sampleLine(runId: string, sample: SampleItem): ItemLine {
  const { name, url = `https://data.example.org/export/${name.split('/').at(-1)}`, status = 'done' } = sample;
  const { from = 0, transfer = 1_000, queue = 500, work = 2_000, bytes = 1_048_576, badRows = 0 } = sample;
  const item = itemId(url, name);
  const base = { v: 1, runId, item, name } as const;
  const landed: ItemLine['landed'] = {
    ...base,
    ...{ at: at(from + transfer), status: 'landed', bucket: BUCKET, key: name, url, bytes, seconds: transfer / 1_000 },
    ...{ parts: Math.ceil(bytes / 8_388_608), retries: bytes % 7 === 0 ? 1 : 0, peakMemoryMiB: 90 + (bytes % 40) },
    proofs: { held: bytes % 3 === 0 ? ['size', 'crc32', 'md5'] : ['size', 'crc32'], notChecked: [] },
    notes: [],
  };
  const result: ItemLine['result'] = {
    ...base,
    ...{
      at: at(from + transfer + queue + work),
      processor: 'parquet',
      attempt: 1,
      worker: `worker-${(bytes % 4) + 1}`,
    },
    ...{ seconds: work / 1_000 },
    outputs: [
      { key: `output/${runId}/${item}/1/data_0.parquet`, bytes: Math.round(bytes / 4) },
      ...(badRows > 0 ? [{ key: `output/${runId}/${item}/1/rejects.jsonl`, bytes: badRows * 220 }] : []),
    ],
    result: {
      ...{
        format: 'csv',
        rows: sample.rows ?? Math.round(bytes / 90),
        badRows,
        columns: COLUMNS.length,
        schema: COLUMNS,
      },
      badRowsSeen: badRows > 0 ? [{ line: 17, reason: 'has 6 fields, the header has 7' }] : [],
    },
  };
  const kind = { item, name, kind: 'source' } as const;
  if (status === 'failed') {
    const { error = { name: 'SourceRefusedError', message: `${url} answered 404: check the URL` } } = sample;
    const problem = problemOf(error, { run: runId, item });
    const failure = { ...base, at: at(from + transfer), stage: 'transfer', problem, attempts: 1 } as const;
    return { ...kind, status, url, failure };
  }
  return status === 'missing' ? { ...kind, status, landed } : { ...kind, status, landed, result };
}

export interface SampleRun {
  readonly runId: string;
  readonly items: readonly SampleItem[];
  readonly seconds: number;
  readonly outcome?: Manifest['outcome'];
  readonly reason?: string;
  readonly notes?: readonly string[];
  readonly schedule?: string | null;
  readonly gateSeconds?: number;
  readonly workers?: number;
  readonly local?: boolean;
  readonly runs?: readonly ListedRun[];
  readonly loads?: Manifest['loads'];
}

/** The page's view of a made-up run. */
export function sampleView(sample: SampleRun): RunView {
  const { runId, items, seconds, outcome = 'complete', reason = null, notes = [], schedule = 'nightly' } = sample;
  const { gateSeconds = 30, workers = 4, local = false, runs = [], loads = [] } = sample;
  const account = local ? '000000000000' : '123456789012';
  const executionArn = `arn:aws:states:eu-central-1:${account}:execution:Sluice:${runId}`;
  const lines = items.map((item) => sampleLine(runId, item));
  const tally = new Tally();
  for (const line of lines) tally.add(line);
  const plan: PlanSummary = {
    ...{ v: 1, runId, executionArn, startedAt: at(0), plannedAt: at(1_200), schedule, scheduledTime: at(0) },
    ...{ items: items.length, batches: items.length <= 100 ? items.length : Math.ceil(items.length / 50) },
    ...{ shards: countByShard([]), work: 0, processed: items.length, rerunOf: null, loads: [], onLate: 'partial' },
    ...{ waitFor: [...DEFAULT_WAIT_FOR], deadline: null, stopAt: null, force: false },
  };
  const counts = { items: items.length, ...tally.counts };
  const closing = {
    v: 1,
    runId,
    at: at(seconds * 1_000),
    reason: reason ?? 'settled',
    forced: reason !== null,
  } as const;
  const manifest: Manifest = {
    ...{ v: 1, runId, executionArn, startedAt: at(0), closedAt: at(seconds * 1_000), rerunOf: null, outcome },
    ...{ forced: reason !== null, reason, counts, bytes: tally.bytes, dollars: null },
    problem: problemOfEnd(closing, { runId, outcome, counts }),
    ...{
      loads: [...loads],
      notes: notes.map((message) => noteOf({ name: 'TaskFailedToStart', code: 'worker-not-started', message }, runId)),
      done: tally.done,
      failed: tally.failed,
      missing: tally.missing,
    },
  };
  const gate = sampleGate(runId, lines, { seconds, gateSeconds, workers });
  return endedView(
    { plan, manifest, gate, totals: tally.totals },
    lines.map((line) => pageItem(line, START)),
    { bucket: BUCKET, deployment: DEFAULT_DEPLOYMENT, runs },
  );
}

function sampleGate(
  runId: string,
  lines: readonly ItemLine[],
  { seconds, gateSeconds, workers }: { seconds: number; gateSeconds: number; workers: number },
): GateRecord {
  const ends = lines.map(({ landed, result, failure }) => ({
    landed: Date.parse(landed?.at ?? at(1e12)),
    done: Date.parse(result?.at ?? at(1e12)),
    failed: Date.parse(failure?.at ?? at(1e12)),
  }));
  const samples: GateRecord['samples'] = [];
  const first = Math.max(...ends.map(({ landed }) => (landed > START + seconds * 1_000 ? START : landed)));
  for (let time = first; time <= START + seconds * 1_000; time += gateSeconds * 1_000) {
    const done = ends.filter((end) => end.done <= time).length;
    const failed = ends.filter((end) => end.failed <= time).length;
    const waiting = ends.filter((end) => end.landed <= time).length - done;
    const inFlight = Math.min(waiting, workers * 2);
    samples.push({
      ...{ at: new Date(time).toISOString(), done, failed, missing: lines.length - done - failed, exact: true },
      ...{ queued: waiting - inFlight, inFlight, deadLetters: 0, workers: waiting > 0 ? workers : 1 },
    });
  }
  return { ...newGateRecord(runId), looks: samples.length, samples };
}

/** Items that land one after the other, several at once, and are worked on by some workers. */
export function sampleItems(
  count: number,
  { seconds, seed = 7, workers = 8 }: { readonly seconds: number; readonly seed?: number; readonly workers?: number },
): SampleItem[] {
  const next = random(seed);
  const landing = (seconds * 1_000) / 2.2;
  const free = Array.from({ length: workers }, () => 0);
  return Array.from({ length: count }, (_, index) => {
    const from = 1_500 + (index / count) * landing * (0.9 + next() * 0.1);
    const bytes = Math.round((0.2 + next() ** 4 * 40) * 1_048_576);
    const transfer = 200 + (bytes / 1_048_576) * 60 * (0.7 + next());
    const work = ((seconds * 1_000 * workers) / count) * 0.85 * (0.5 + next());
    const worker = free.indexOf(Math.min(...free));
    const begin = Math.max(free[worker] ?? 0, from + transfer + 80 + next() * 300);
    free[worker] = begin + work;
    const name = `raw/2026/11/27/trips-${String(index).padStart(5, '0')}.csv.gz`;
    return { name, bytes, from, transfer, queue: begin - from - transfer, work };
  });
}

const withBadRows = (item: SampleItem, badRows: number, name = item.name): SampleItem => ({ ...item, name, badRows });

/** Loads as a manifest has them: one of each outcome. */
export function sampleLoads(runId: string): Manifest['loads'] {
  const refused = {
    name: 'LoadFailedError',
    message:
      "raw.stations: Load into table 'stations' failed. Check 'sys_load_error_detail' system table for details.; s3://sluice-bucket/raw/2026/11/27/stations-07.csv, line 4, column capacity: Invalid digit, Value 'x', Pos 0, Type: Integer",
  };
  const late = {
    name: 'LoadCancelledError',
    message: 'time was up before it was loaded, and Sluice cancelled its statement: it has written nothing',
  };
  const none = { objects: 0, bytes: 0, rows: null, seconds: null, heldBack: 0, notDone: 0, problem: null };
  const problem = (error: { name: string; message: string }) => problemOf(error, { run: runId });
  return [
    {
      ...none,
      ...{ table: 'raw.trips', mode: 'append', state: 'loaded', objects: 1_204, bytes: 9e9, rows: 48_211_905 },
      ...{ seconds: 187.4, heldBack: 3 },
    },
    {
      ...none,
      ...{ table: 'raw.stations', mode: 'replace', state: 'failed', rows: 0, seconds: 4.2, notDone: 1 },
      problem: problem(refused),
    },
    { ...none, ...{ table: 'raw.fares', mode: 'merge', state: 'cancelled', rows: 0 }, problem: problem(late) },
    { ...none, ...{ table: 'raw.weather', mode: 'append', state: 'nothing', rows: 0, heldBack: 12 } },
    { ...none, ...{ table: 'raw.zones', mode: 'replace', state: 'not begun' } },
  ];
}

/** The pages that are looked at: what a reader may meet. */
export const PAGES = {
  complete: () => sampleView({ runId: 'complete', items: sampleItems(24, { seconds: 200, workers: 4 }), seconds: 214 }),
  partial: () => {
    const [first, second, ...rest] = sampleItems(30, { seconds: 260, workers: 4 });
    if (first === undefined || second === undefined) throw new Error('there are no items');
    const url = 'https://data.example.org/export/withdrawn.csv';
    return sampleView({
      runId: 'partial',
      items: [
        withBadRows(first, 1_204, 'raw/2026/11/27/bad-rows.csv.gz'),
        withBadRows(second, 3),
        ...rest,
        { name: 'raw/2026/11/27/withdrawn.csv', url, status: 'failed' },
        {
          name: 'raw/2026/11/27/cut.csv.gz',
          status: 'failed',
          error: {
            name: 'UnprovenEndError',
            message:
              'https://data.example.org/export/cut.csv.gz ended without a length: allow it for this source by allowUnprovenEnd',
          },
        },
      ],
      seconds: 281,
      outcome: 'partial',
      notes: ['ECS could not start 2 of 6 workers: Capacity is unavailable at this time.'],
      runs: sampleRuns(),
    });
  },
  loads: () => {
    const [first, ...rest] = sampleItems(24, { seconds: 200, workers: 4 });
    if (first === undefined) throw new Error('there are no items');
    const name = 'raw/2026/11/27/stations-00.csv';
    const error = { name: 'SourceRefusedError', message: `https://data.example.org/export/stations answered 404` };
    return sampleView({
      runId: 'loads',
      items: [first, ...rest, { name, status: 'failed', error }],
      seconds: 260,
      outcome: 'failed',
      loads: sampleLoads('loads'),
    });
  },
  late: () => {
    const items = sampleItems(40, { seconds: 1_500, workers: 3 }).map(
      (item, n): SampleItem => (n < 26 ? item : { ...item, status: 'missing' }),
    );
    return sampleView({
      runId: 'late',
      items,
      seconds: 1_620,
      outcome: 'late',
      reason: 'late',
      gateSeconds: 30,
      workers: 3,
    });
  },
  many: () => {
    const items = sampleItems(10_000, { seconds: 1_500, workers: 64 }).map((item, n): SampleItem => {
      if (n % 997 === 5) return { ...item, status: 'failed' };
      return n % 500 === 9 ? withBadRows(item, n) : item;
    });
    return sampleView({ runId: 'many', items, seconds: 1_560, outcome: 'partial', workers: 32 });
  },
  hostile: () => {
    const evil = [
      '</script><script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '<svg onload=alert(1)>',
      'a\u202egpj.exe',
      `${'long'.repeat(200)}<b>`,
    ];
    const items = evil.flatMap((name): SampleItem[] => [
      { name, url: 'javascript:alert(1)', badRows: 1 },
      { name: `failed ${name}`, status: 'failed', error: { name, message: name } },
      { name: `missing ${name}`, status: 'missing' },
    ]);
    return sampleView({
      runId: 'hostile',
      items,
      loads: evil.flatMap((table) =>
        sampleLoads('hostile').map((load) => ({
          ...load,
          table: `${table}.${load.table}`,
          problem: problemOf({ name: table, message: table }),
        })),
      ),
      seconds: 60,
      outcome: 'late',
      reason: 'late',
      notes: evil,
      schedule: evil[0] ?? null,
    });
  },
} satisfies Record<string, () => RunView>;

/** Runs as the page of all runs lists them. */
export function sampleRuns(): ListedRun[] {
  const next = random(3);
  return Array.from({ length: 60 }, (_, n): ListedRun => {
    const started = START - (n + 1) * 6 * 3_600_000;
    const hourly = n % 3 === 1;
    const items = hourly ? 4 : 120;
    const failed = next() < 0.15 ? 1 + Math.floor(next() * 3) : 0;
    const missing = next() < 0.06 && !hourly ? 9 : 0;
    return {
      runId: `${hourly ? 'hourly' : 'nightly'}-${new Date(started).toISOString().slice(0, 13).replaceAll(/[-T]/g, '')}`,
      outcome: missing > 0 ? 'late' : failed > 0 ? 'partial' : 'complete',
      schedule: hourly ? 'hourly' : 'nightly',
      startedAt: new Date(started).toISOString(),
      closedAt: new Date(started + (hourly ? 70_000 : 600_000) * (0.8 + next() * 0.4)).toISOString(),
      counts: { items, done: items - failed - missing, failed, missing },
      bytes: Math.round(items * 30 * 1_048_576 * (0.8 + next() * 0.4)),
      dollars: hourly ? 0.004 : 0.21,
    };
  });
}
