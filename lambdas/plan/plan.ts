import { PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { InvalidInputError } from '#run/errors.ts';
import { processorProblem } from '#run/input/deployed-processors.ts';
import type { ExecutionInput } from '#run/input/input.ts';
import { isSameLoad, type Load } from '#run/input/load.ts';
import { filled, type Report } from '#run/input/template.ts';
import { type Item, itemName, type Process } from '#run/item.ts';
import { runKeys, slotKey } from '#run/keys.ts';
import { countByShard } from '#run/ledger/shards.ts';
import type { LimitsSettings } from '#run/limits/limits.ts';
import { listAtUrl } from '#run/list/list-at-url.ts';
import type { ListBytes } from '#run/list/list-bytes.ts';
import { SourceListError } from '#run/list/list-error.ts';
import { listInBucket } from '#run/list/list-in-bucket.ts';
import { type Claim, claim } from '#run/plan/claim.ts';
import { destined, type ItemDefaults, itemsOfInput, itemsOfList, seeItem } from '#run/plan/items.ts';
import { type PlanSummary, planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson, type Store, writeJson } from '#run/store.ts';
import { itemsLeftBy, linkRerun, RerunError } from './rerun.ts';

/** In runs of at most this many items, a batch contains one item, so that the console shows one child a source. */
const SHORT_RUN_ITEMS = 100;
/** More problems than this don't help a reader; the message has their number. Lambda shortens an error at 256 KiB. */
const MAX_PROBLEMS = 100;
/** The number of batches that are written at once; a million items are 20,000 small objects. */
const BATCH_WRITES = 16;

export interface PlanRequest {
  readonly input: ExecutionInput;
  readonly claim: Claim;
  /** The processors of the deployment's workers. */
  readonly processors: readonly string[];
  /** The number of items in a batch of a long run. */
  readonly sourcesPerBatch: number;
  /** An input with more items is refused. After these hours no source is begun any more, and the gate opens. */
  readonly limits: Pick<LimitsSettings, 'items' | 'hours'>;
  /** Whether there is a warehouse to load into. */
  readonly hasWarehouse: boolean;
  /** Returns whether an execution that owns a slot can't continue any more. */
  readonly hasEnded: (holder: Claim) => Promise<boolean>;
  /** The guard for a list at a URL. */
  readonly sourceGuard: SourceGuard;
}

/**
 * Plans a run. It checks every item, claims the run's id and the schedule's slot, and only then writes the batches, the
 * list of them, and last the summary, which proves that the plan is complete.
 *
 * A repeated call for the same execution returns the existing plan.
 *
 * @throws InvalidInputError with all problems; nothing was written or claimed then.
 * @throws AlreadyClaimedError if the id or the slot belongs to another execution.
 */
export async function planRun(store: Store, request: PlanRequest): Promise<PlanSummary> {
  const { input, claim: mine } = request;
  const keys = runKeys(mine.runId);
  const startedAt = new Date(mine.startedAt);
  const defaults: ItemDefaults = {
    scheduledTime: input.scheduledTime === undefined ? startedAt : new Date(input.scheduledTime),
    timeZone: input.timeZone,
    process: input.process,
    load: input.load,
    processors: request.processors,
  };

  await using list = listOf(store, request, defaults);
  const seen = await survey(store, request, defaults, list, slotProblem(input, startedAt));
  if (input.schedule !== undefined) {
    const what = `slot ${defaults.scheduledTime.toISOString()} of schedule ${input.schedule}`;
    await claim(store, slotKey(input.schedule, defaults.scheduledTime), mine, what, request.hasEnded);
  }
  await claim(store, keys.claim, mine, `run id ${mine.runId}`);
  const earlier = await readJson(store, keys.summary, planSummarySchema);
  if (earlier !== undefined) return earlier;

  const size = seen.items <= SHORT_RUN_ITEMS ? 1 : request.sourcesPerBatch;
  const planned = itemsOf(store, input, defaults, list, (problem) => {
    throw new InvalidInputError([problem]);
  });
  const lines = await writeBatches(store, mine.runId, inBatches(planned, size));
  await store.client.send(
    new PutObjectCommand({
      Bucket: store.bucket,
      Key: keys.plan,
      Body: lines.join(''),
      ContentType: 'application/jsonl',
    }),
  );
  const summary: PlanSummary = {
    ...mine,
    plannedAt: new Date().toISOString(),
    schedule: input.schedule ?? null,
    scheduledTime: defaults.scheduledTime.toISOString(),
    items: seen.items,
    batches: lines.length,
    shards: seen.shards,
    work: seen.work,
    rerunOf: input.rerunOf ?? null,
    processed: seen.processed,
    loads: seen.loads,
    onLate: input.onLate,
    force: input.force,
    waitFor: input.waitFor,
    stopAt:
      request.limits.hours === undefined
        ? null
        : new Date(startedAt.getTime() + request.limits.hours * 3_600_000).toISOString(),
    deadline:
      input.deadlineMinutes === undefined
        ? null
        : new Date(startedAt.getTime() + input.deadlineMinutes * 60_000).toISOString(),
  };
  if (input.rerunOf !== undefined) await linkRerun(store, input.rerunOf, mine.runId);
  await writeJson(store, keys.summary, summary);
  return summary;
}

interface Survey {
  readonly items: number;
  readonly shards: PlanSummary['shards'];
  readonly processed: number;
  readonly work: number;
  readonly loads: Load[];
}

/** Clocks differ, and a schedule's own start may come a little early. */
const EARLIEST_START_MS = 5 * 60_000;

/**
 * A slot in the future belongs to the schedule's own execution: a claim made today would keep that execution from
 * running.
 */
function slotProblem({ schedule, scheduledTime }: ExecutionInput, startedAt: Date): string | undefined {
  if (schedule === undefined || scheduledTime === undefined) return undefined;
  if (Date.parse(scheduledTime) - startedAt.getTime() <= EARLIEST_START_MS) return undefined;
  return `scheduledTime: the slot ${scheduledTime} of schedule ${schedule} is in the future, and this execution was started at ${startedAt.toISOString()}; remove schedule from the input to fill templates from that time`;
}

/** The first pass: it finds every problem, before anything is done. */
async function survey(
  store: Store,
  { input, limits: { items: maxItems }, hasWarehouse }: PlanRequest,
  defaults: ItemDefaults,
  list: ListBytes | undefined,
  slot: string | undefined,
): Promise<Survey> {
  const problems: string[] = [];
  let total = 0;
  const report: Report = (problem) => {
    total += 1;
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  };
  if (slot !== undefined) report(slot);

  const seen = new Set<string>();
  const shards = countByShard([]);
  let processed = 0;
  let work = 0;
  const loads = new Map<string, Load>();
  try {
    for await (const item of itemsOf(store, input, defaults, list, report)) {
      seeItem(seen, item, report);
      const shard = item.id.charAt(0);
      shards[shard] = (shards[shard] ?? 0) + 1;
      if (seen.size > maxItems) {
        report(`input: names more than the ${maxItems} items that the setting limits.items allows`);
        break;
      }
      if (item.process !== null) processed += 1;
      if (item.kind === 'work') work += 1;
      if (item.kind === 'source' && item.load !== undefined) addLoad(loads, item.load, item.key, report);
    }
  } catch (error) {
    if (error instanceof SourceListError) report(`sourcesFrom: ${error.message}`);
    else if (error instanceof RerunError) report(`rerunOf: ${error.message}`);
    else throw error;
  }
  if (seen.size === 0 && total === 0) {
    report(
      input.rerunOf === undefined
        ? input.sourcesFrom === undefined
          ? 'input: names no source and no work; add sources, sourcesFrom, work or rerunOf'
          : 'sourcesFrom: the list names no source'
        : `rerunOf: run ${input.rerunOf} has no failed or missing items`,
    );
  }
  if (loads.size > 0 && !hasWarehouse) {
    report('load: this deployment has no warehouse: set redshift, and deploy again');
  }
  if (total > problems.length) problems.push(`and ${total - problems.length} more`);
  if (problems.length > 0) throw new InvalidInputError(problems);
  return { items: seen.size, shards, processed, work, loads: [...loads.values()] };
}

/** Each table of a run has a record, and each look at the table asks the warehouse. */
const MOST_TABLES = 100;

function addLoad(loads: Map<string, Load>, load: Load, key: string, report: Report): void {
  // Redshift ignores the case of names: two spellings are one table.
  const table = load.table.toLowerCase();
  const earlier = loads.get(table);
  if (earlier === undefined) {
    loads.set(table, load);
    if (loads.size === MOST_TABLES + 1) report(`load: a run loads at most ${MOST_TABLES} tables`);
  } else if (!isSameLoad(earlier, load)) {
    report(
      `${key}: another source of the run is loaded into ${load.table} with other options: all sources of a table need the same options`,
    );
  }
}

/**
 * Returns the list that the input names, with its templates filled. @throws InvalidInputError if they can't be filled.
 */
function listOf(store: Store, { input, sourceGuard }: PlanRequest, defaults: ItemDefaults): ListBytes | undefined {
  if (input.sourcesFrom === undefined) return undefined;
  const { bucket = store.bucket, key, url } = input.sourcesFrom;
  const problems: string[] = [];
  const fill = (template: string, field: string) =>
    filled(template, `sourcesFrom.${field}`, defaults, (problem) => problems.push(problem));
  const where = url === undefined ? fill(key ?? '', 'key') : fill(url, 'url');
  if (where === undefined) throw new InvalidInputError(problems);
  return url === undefined ? listInBucket(store.client, bucket, where) : listAtUrl(where, sourceGuard);
}

async function* itemsOf(
  store: Store,
  input: ExecutionInput,
  defaults: ItemDefaults,
  list: ListBytes | undefined,
  report: Report,
): AsyncGenerator<Item> {
  yield* itemsOfInput(input, defaults, report);
  if (input.rerunOf !== undefined) {
    for await (const left of itemsLeftBy(store, input.rerunOf, {
      only: input.rerunItems,
      isProcessed: input.process !== null,
    })) {
      const item = processedBy(left, input.process, defaults, report);
      // The deployment may have had more processors when the earlier run was planned.
      const problem = item.process && processorProblem(item.process.processor, defaults.processors);
      if (problem) report(`rerunOf: ${itemName(item)}: ${problem}`);
      yield item;
    }
  }
  if (list !== undefined) yield* itemsOfList(list, 'sourcesFrom', input.sourcesFrom?.format, defaults, report);
}

/**
 * Returns an item of an earlier run with the processor and the destination that this run's input names. Work keeps its
 * own processor.
 */
function processedBy(item: Item, process: Process | null, defaults: ItemDefaults, report: Report): Item {
  if (process === null) return item;
  if (item.kind === 'source') return { ...item, process: destined(process, item.key, 'process', defaults, report) };
  if (process.processor !== item.process.processor) return item;
  return { ...item, process: destined(process, item.name, 'process', defaults, report) ?? item.process };
}

async function* inBatches(items: AsyncIterable<Item>, size: number): AsyncGenerator<{ index: number; items: Item[] }> {
  let index = 0;
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield { index: index++, items: batch };
    batch = [];
  }
  if (batch.length > 0) yield { index, items: batch };
}

/** Writes each batch and returns the lines of the plan, in order. */
async function writeBatches(
  store: Store,
  runId: string,
  batches: AsyncIterable<{ index: number; items: Item[] }>,
): Promise<string[]> {
  return pMap(
    batches,
    async ({ index, items }) => {
      const key = runKeys(runId).batch(index);
      await writeJson(store, key, items);
      return `${JSON.stringify({ batch: key, items: items.length })}\n`;
    },
    { concurrency: BATCH_WRITES },
  );
}
