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

/** The keys that ReopenRun removes, as patterns. Everything else that a run writes stays until it expires. */
export const REOPENED = [`${RUNS_PREFIX}*/closed.json`, `${RUNS_PREFIX}*/manifest.json`] as const;

/** The keys of one run, all below `runs/<runId>/`. */
export function runKeys(runId: string) {
  const root = `${RUNS_PREFIX}${runId}/`;
  const sliceCalls = (item: string, uploadId: string) => `${root}transfers/${item}/slices/${itemId(uploadId)}/`;
  return {
    /** The run's claim on its id: execution ARN and start time. */
    claim: `${root}run.json`,
    /** A line for each batch, read by the Distributed Map: `{ "batch": key, "items": n }`. */
    plan: `${root}plan.jsonl`,
    /** The results of Plan: counts, processors, deadline. */
    summary: `${root}plan.json`,
    /** One batch: a JSON array of items. */
    batch: (index: number) => `${root}batches/${String(index).padStart(6, '0')}.json`,
    /** Records that a batch was begun. If Open is called for the batch again, some of its items may be done already. */
    begun: (batch: string) => `${root}begun/${batch.slice(batch.lastIndexOf('/') + 1)}`,
    /** The prefix of a ledger, ending in `/`. */
    ledger: (name: LedgerName) => `${root}${name}/`,
    record: (name: LedgerName, item: string) => `${root}${name}/${item}.json`,
    /** The state of a transfer that several invocations share. */
    transfer: (item: string) => `${root}transfers/${item}/state.json`,
    /**
     * The report of one call of Slice, below `sliceCalls`. A retried call writes the same name. Each upload has a
     * folder of its own, so a late report about an abandoned upload is never read as one about the next upload.
     */
    sliceCall: (item: string, uploadId: string, slice: number, call: number) =>
      `${sliceCalls(item, uploadId)}${slice}-${call}.json`,
    sliceCalls,
    /** Uploads that may be open, by a hash of their ids. */
    upload: (uploadId: string) => `${root}uploads/${itemId(uploadId)}.json`,
    uploads: `${root}uploads/`,
    /** The worker's record of an item's attempts. */
    attempts: (item: string) => `${root}attempts/${item}/`,
    /** The prefix of the attempts of all items. */
    allAttempts: `${root}attempts/`,
    /** Write-once claim of a minute in which one gatekeeper checks the workers. */
    workersClaim: (minute: number) => `${root}workers/${minute}.json`,
    /** Names a later run that repeats what this run left undone. */
    rerun: (laterRunId: string) => `${root}reruns/${laterRunId}.json`,
    gate: `${root}gate.json`,
    /** Troubles of functions that a reader of the manifest should know, below `notes`. */
    note: (hash: string) => `${root}notes/${hash}.json`,
    notes: `${root}notes/`,
    closed: `${root}closed.json`,
    /** Counters of the bytes that the run's sources held. */
    spentCounters: `${root}spent/`,
    manifest: `${root}manifest.json`,
    /** The manifest of an end that a redrive has undone, by the time at which the run was closed. */
    earlierManifest: (closedAt: string) => `${root}manifests/${closedAt}.json`,
    /** Records this redrive of the execution, below `redrives`. */
    redrive: (redriveCount: number) => `${root}redrives/${redriveCount}.json`,
    redrives: `${root}redrives/`,
    /**
     * What the steps of one closing write, by the time at which the run was closed: the lines and the tally of each
     * piece.
     */
    ends: `${root}ends/`,
    pieceLines: (closedAt: string, piece: number, nonce: string) => `${root}ends/${closedAt}/${piece}-${nonce}.jsonl`,
    pieceTally: (closedAt: string, piece: number) => `${root}ends/${closedAt}/${piece}.json`,
    items: `${root}items.jsonl`,
    report: `${root}report.html`,
    /** Sluice's record of the load into one table of the warehouse, by the index of the table in the plan. */
    load: (index: number) => `${root}loads/${index}.json`,
    /** The objects of one part of such a load, as COPY reads them. */
    loadManifest: (index: number, part: number) => `${root}loads/${index}/${part}.manifest`,
    /** Records that an event was sent: about one end of the run, or about its age. */
    toldOf: (what: string) => `${root}told/${what}.json`,
  } as const;
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
