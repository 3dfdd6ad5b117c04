import { itemId } from './ids.ts';

/**
 * Where a run keeps its state in the bucket. One module, so that a prefix in a policy, a lifecycle rule and a
 * reader can never disagree.
 */

/** Everything a run knows of itself; the lifecycle rule of `run.keepDays` looks at this prefix. */
export const RUNS_PREFIX = 'runs/';
/** The page of all runs. No run has such an id. */
export const RUNS_PAGE_KEY = `${RUNS_PREFIX}index.html`;
/** Claims of a schedule's slots. They outlive runs, so that a start delivered late still finds its claim. */
export const SLOTS_PREFIX = 'slots/';
/** What processors write. It is the user's data and never expires by itself. */
export const OUTPUT_PREFIX = 'output/';
/** What processors publish for people and other tools, by the option `to`. Workers may delete here and nowhere else. */
export const TABLES_PREFIX = 'tables/';

/** Prefixes that a landed object's key may not start with. */
export const RESERVED_PREFIXES = [RUNS_PREFIX, SLOTS_PREFIX, OUTPUT_PREFIX] as const;

/** The ledger: one write-once object an item in each. */
export type LedgerName = 'landed' | 'results' | 'failures' | 'late' | 'handed';

export interface RunKeys {
  /** The run's claim on its id: execution ARN and start time. */
  readonly claim: string;
  /** A line a batch, read by the Distributed Map: `{ "batch": key, "items": n }`. */
  readonly plan: string;
  /** What Plan found out: counts, processors, deadline. */
  readonly summary: string;
  /** One batch: a JSON array of items. */
  batch(index: number): string;
  /** Says that a batch was begun: what a second call of Open for it finds may be done in part. */
  begun(batch: string): string;
  /** The prefix of a ledger, ending in `/`. */
  ledger(name: LedgerName): string;
  record(name: LedgerName, item: string): string;
  /** The state of a transfer that several invocations share. */
  transfer(item: string): string;
  /**
   * What one call of Slice reported, below `sliceCalls`. A retried call writes the same name. Each upload has its own, so
   * that what a late call for a given-up upload reports is never taken for the next one's.
   */
  sliceCall(item: string, uploadId: string, slice: number, call: number): string;
  sliceCalls(item: string, uploadId: string): string;
  /** Uploads that may be open, by a hash of their id. */
  upload(uploadId: string): string;
  readonly uploads: string;
  /** What the worker knows of an item's tries. */
  attempts(item: string): string;
  /** The same of all items. */
  readonly allAttempts: string;
  /** Write-once claim of a minute in which workers were looked after. */
  workersClaim(minute: number): string;
  /** Names a later run of what this one left undone. */
  rerun(laterRunId: string): string;
  readonly gate: string;
  readonly closed: string;
  /** Counters of the bytes that the run's sources held. */
  readonly spentCounters: string;
  readonly manifest: string;
  /** The manifest of an end that was none: the execution was redriven. By the time at which it was closed. */
  earlierManifest(closedAt: string): string;
  /** Says that the execution was redriven so often, below `redrives`. */
  redrive(redriveCount: number): string;
  readonly redrives: string;
  /** What the steps of one closing write, by the time at which the run was closed: a piece's lines and its tally. */
  readonly ends: string;
  pieceLines(closedAt: string, piece: number, nonce: string): string;
  pieceTally(closedAt: string, piece: number): string;
  readonly items: string;
  readonly report: string;
  /** What Sluice knows of the load into one table of the warehouse, by the place of the table in the plan. */
  load(index: number): string;
  /** The objects of one part of such a load, as COPY reads them. */
  loadManifest(index: number, part: number): string;
  /** Says that an event was sent: of one end of the run, or that it is old. */
  toldOf(what: string): string;
}

/** What ReopenRun removes, by patterns of keys; everything else that a run writes stays until it expires. */
export const REOPENED = [`${RUNS_PREFIX}*/closed.json`, `${RUNS_PREFIX}*/manifest.json`] as const;

/** The keys of one run, all below `runs/<runId>/`. */
export function runKeys(runId: string): RunKeys {
  const root = `${RUNS_PREFIX}${runId}/`;
  const sliceCalls = (item: string, uploadId: string) => `${root}transfers/${item}/slices/${itemId(uploadId)}/`;
  return {
    claim: `${root}run.json`,
    plan: `${root}plan.jsonl`,
    summary: `${root}plan.json`,
    batch: (index) => `${root}batches/${String(index).padStart(6, '0')}.json`,
    begun: (batch) => `${root}begun/${batch.slice(batch.lastIndexOf('/') + 1)}`,
    ledger: (name) => `${root}${name}/`,
    record: (name, item) => `${root}${name}/${item}.json`,
    transfer: (item) => `${root}transfers/${item}/state.json`,
    sliceCall: (item, uploadId, slice, call) => `${sliceCalls(item, uploadId)}${slice}-${call}.json`,
    sliceCalls,
    upload: (uploadId) => `${root}uploads/${itemId(uploadId)}.json`,
    uploads: `${root}uploads/`,
    attempts: (item) => `${root}attempts/${item}/`,
    allAttempts: `${root}attempts/`,
    workersClaim: (minute) => `${root}workers/${minute}.json`,
    rerun: (laterRunId) => `${root}reruns/${laterRunId}.json`,
    gate: `${root}gate.json`,
    closed: `${root}closed.json`,
    spentCounters: `${root}spent/`,
    manifest: `${root}manifest.json`,
    earlierManifest: (closedAt) => `${root}manifests/${closedAt}.json`,
    redrive: (redriveCount) => `${root}redrives/${redriveCount}.json`,
    redrives: `${root}redrives/`,
    ends: `${root}ends/`,
    pieceLines: (closedAt, piece, nonce) => `${root}ends/${closedAt}/${piece}-${nonce}.jsonl`,
    pieceTally: (closedAt, piece) => `${root}ends/${closedAt}/${piece}.json`,
    items: `${root}items.jsonl`,
    report: `${root}report.html`,
    load: (index) => `${root}loads/${index}.json`,
    loadManifest: (index, part) => `${root}loads/${index}/${part}.manifest`,
    toldOf: (what) => `${root}told/${what}.json`,
  };
}

/** A worker's sign of life. Workers serve all runs, and no run's id begins with a dot. */
export function workerSignKey(worker: string): string {
  return `${RUNS_PREFIX}.workers/${worker}.json`;
}

/** What the watch keeps. No run's id begins with a dot. */
export const WATCH_PREFIX = `${RUNS_PREFIX}.watch/`;
/** Until when the watch has looked at each schedule. */
export const WATCH_STATE_KEY = `${WATCH_PREFIX}state.json`;

/** Says that the event of a slot was sent for which no run had started. */
export function toldOfSlotKey(schedule: string, scheduledTime: Date): string {
  return `${WATCH_PREFIX}${schedule}/${scheduledTime.toISOString()}.json`;
}

/** Where a processor's attempt writes; the winning result names the attempt, so a lost one is never read. */
export function outputPrefix(runId: string, item: string, attempt: number): string {
  return `${OUTPUT_PREFIX}${runId}/${item}/${attempt}/`;
}

/** The claim of one slot of a schedule. `scheduledTime` is the slot's own time, not the time it was started. */
export function slotKey(schedule: string, scheduledTime: Date): string {
  return `${SLOTS_PREFIX}${schedule}/${scheduledTime.toISOString()}.json`;
}
