import { itemId } from './ids.ts';

/**
 * Where a run keeps its state in the bucket. All keys come from this module, so that policies, lifecycle rules and
 * readers always agree.
 */

/** The prefix of all records of runs. The lifecycle rule of `run.keepDays` applies to it. */
export const RUNS_PREFIX = 'runs/';
/** The key of the page of all runs. No run can have this id. */
export const RUNS_PAGE_KEY = `${RUNS_PREFIX}index.html`;
/** Claims of a schedule's slots. They outlive runs, so that a start that is delivered late still finds its claim. */
export const SLOTS_PREFIX = 'slots/';
/** The outputs of processors. They are the user's data and never expire by themselves. */
export const OUTPUT_PREFIX = 'output/';
/**
 * What processors publish for people and other tools, by the option `to`. Workers may delete objects here and nowhere
 * else.
 */
export const TABLES_PREFIX = 'tables/';

/** Prefixes that a landed object's key may not start with. */
export const RESERVED_PREFIXES = [RUNS_PREFIX, SLOTS_PREFIX, OUTPUT_PREFIX] as const;

/** The folders of the ledger. Each contains at most one write-once object for each item. */
export type LedgerName = 'landed' | 'results' | 'failures' | 'late' | 'handed';

export interface RunKeys {
  /** The run's claim on its id: execution ARN and start time. */
  readonly claim: string;
  /** A line for each batch, read by the Distributed Map: `{ "batch": key, "items": n }`. */
  readonly plan: string;
  /** The results of Plan: counts, processors, deadline. */
  readonly summary: string;
  /** One batch: a JSON array of items. */
  batch(index: number): string;
  /** Records that a batch was begun. If Open is called for the batch again, some of its items may be done already. */
  begun(batch: string): string;
  /** The prefix of a ledger, ending in `/`. */
  ledger(name: LedgerName): string;
  record(name: LedgerName, item: string): string;
  /** The state of a transfer that several invocations share. */
  transfer(item: string): string;
  /**
   * The report of one call of Slice, below `sliceCalls`. A retried call writes the same name. Each upload has a folder
   * of its own, so a late report about an abandoned upload is never read as one about the next upload.
   */
  sliceCall(item: string, uploadId: string, slice: number, call: number): string;
  sliceCalls(item: string, uploadId: string): string;
  /** Uploads that may be open, by a hash of their ids. */
  upload(uploadId: string): string;
  readonly uploads: string;
  /** The worker's record of an item's attempts. */
  attempts(item: string): string;
  /** The prefix of the attempts of all items. */
  readonly allAttempts: string;
  /** Write-once claim of a minute in which one gatekeeper checks the workers. */
  workersClaim(minute: number): string;
  /** Names a later run that repeats what this run left undone. */
  rerun(laterRunId: string): string;
  readonly gate: string;
  /** Troubles of functions that a reader of the manifest should know, below `notes`. */
  note(hash: string): string;
  readonly notes: string;
  readonly closed: string;
  /** Counters of the bytes that the run's sources held. */
  readonly spentCounters: string;
  readonly manifest: string;
  /** The manifest of an end that a redrive has undone, by the time at which the run was closed. */
  earlierManifest(closedAt: string): string;
  /** Records this redrive of the execution, below `redrives`. */
  redrive(redriveCount: number): string;
  readonly redrives: string;
  /**
   * What the steps of one closing write, by the time at which the run was closed: the lines and the tally of each
   * piece.
   */
  readonly ends: string;
  pieceLines(closedAt: string, piece: number, nonce: string): string;
  pieceTally(closedAt: string, piece: number): string;
  readonly items: string;
  readonly report: string;
  /** Sluice's record of the load into one table of the warehouse, by the index of the table in the plan. */
  load(index: number): string;
  /** The objects of one part of such a load, as COPY reads them. */
  loadManifest(index: number, part: number): string;
  /** Records that an event was sent: about one end of the run, or about its age. */
  toldOf(what: string): string;
}

/** The keys that ReopenRun removes, as patterns. Everything else that a run writes stays until it expires. */
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
    note: (hash) => `${root}notes/${hash}.json`,
    notes: `${root}notes/`,
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

/** The prefix of the daily reports of the warehouse's queues. */
export const QUEUES_PREFIX = `${RUNS_PREFIX}.queues/`;

/** The report of a day's queues, by the date in UTC. */
export function queuesKey(at: Date): string {
  return `${QUEUES_PREFIX}${at.toISOString().slice(0, 10)}.json`;
}

/** The prefix of the watch's own records. No run's id begins with a dot. */
export const WATCH_PREFIX = `${RUNS_PREFIX}.watch/`;
/** The time up to which the watch has checked each schedule. */
export const WATCH_STATE_KEY = `${WATCH_PREFIX}state.json`;

/** Records that the event about a slot without a run was sent. */
export function toldOfSlotKey(schedule: string, scheduledTime: Date): string {
  return `${WATCH_PREFIX}${schedule}/${scheduledTime.toISOString()}.json`;
}

/**
 * The prefix for the outputs of one attempt of a processor. The winning result names its attempt, so outputs of a lost
 * attempt are never read.
 */
export function outputPrefix(runId: string, item: string, attempt: number): string {
  return `${OUTPUT_PREFIX}${runId}/${item}/${attempt}/`;
}

/** The claim of one slot of a schedule. `scheduledTime` is the slot's own time, not the time it was started. */
export function slotKey(schedule: string, scheduledTime: Date): string {
  return `${SLOTS_PREFIX}${schedule}/${scheduledTime.toISOString()}.json`;
}
