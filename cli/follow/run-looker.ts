import { paginateListParts } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { z } from 'zod';
import { itemName } from '#run/item.ts';
import { type LedgerName, runKeys } from '#run/keys.ts';
import { type OpenUpload, openUploadSchema, readTransfer } from '#run/landing/large-transfer.ts';
import { recordedIds } from '#run/ledger/ledger.ts';
import { plannedItems } from '#run/ledger/progress.ts';
import { type FailureRecord, failureSchema, landedSchema } from '#run/ledger/records.ts';
import { httpStatus, listKeys, readJson, type Store } from '#run/store.ts';
import type { PlannedRun } from './run-events.ts';

const READS_AT_ONCE = 16;

/** Each item of a run is in exactly one state. */
export type ItemState = 'done' | 'failed' | 'under way' | 'not started';

export interface LookedAtItem {
  readonly id: string;
  readonly name: string;
  readonly state: ItemState;
  /** The size of the landed object. */
  readonly bytes: number | undefined;
  readonly failure: FailureRecord | undefined;
}

/** A large object whose transfer is under way. */
export interface TransferUnderWay {
  readonly name: string;
  readonly bytes: number;
  readonly total: number | undefined;
}

/** The state of a run's records at one moment. The sum of the four counts is the number of items. */
export interface RunLook {
  readonly at: Date;
  readonly items: number;
  readonly done: number;
  readonly failed: number;
  readonly underWay: number;
  readonly notStarted: number;
  /** Bytes of objects that this run has landed, and of the parts under way. */
  readonly bytes: number;
  readonly transfers: readonly TransferUnderWay[];
  /** Failures that are new since the last look. */
  readonly newFailures: readonly FailureRecord[];
}

interface Known {
  readonly name: string;
  readonly key: string | undefined;
  readonly isProcessed: boolean;
}

/**
 * Reads the records of a run repeatedly. A write-once record is read only once. So a look costs the listings of the
 * run's folders, the new records, and a list of parts for each large object under way.
 */
export class RunLooker {
  readonly #store: Store;
  readonly #plan: PlannedRun;
  #items: Map<string, Known> | undefined;
  readonly #landed = new Map<string, z.infer<typeof landedSchema>>();
  readonly #failures = new Map<string, FailureRecord>();
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #totals = new Map<string, number>();
  /** The bytes of the items under way, from the last look. */
  readonly #sent = new Map<string, number>();
  #results = new Set<string>();
  #handed = new Set<string>();
  #open = new Set<string>();

  constructor(store: Store, plan: PlannedRun) {
    this.#store = store;
    this.#plan = plan;
  }

  /** @throws the errors of S3. */
  async look(): Promise<RunLook> {
    const items = await this.#readItems();
    const before = new Set(this.#failures.keys());
    const [results, handed] = await Promise.all([
      this.#ids('results'),
      this.#ids('handed'),
      this.#readNew('landed', landedSchema, this.#landed),
      this.#readNew('failures', failureSchema, this.#failures),
      this.#readUploads(),
    ]);
    this.#results = results;
    this.#handed = handed;
    const transfers = await this.#transfersUnderWay(items);
    const counts = { done: 0, failed: 0, 'under way': 0, 'not started': 0 };
    for (const [id, item] of items) counts[this.#stateOf(id, item)] += 1;
    const landed = [...this.#landed.values()].reduce(
      (sum, { status, bytes }) => sum + (status === 'landed' ? bytes : 0),
      0,
    );
    return {
      at: new Date(),
      items: items.size,
      done: counts.done,
      failed: counts.failed,
      underWay: counts['under way'],
      notStarted: counts['not started'],
      bytes: transfers.reduce((sum, { bytes }) => sum + bytes, landed),
      transfers,
      newFailures: [...this.#failures].filter(([id]) => !before.has(id)).map(([, failure]) => failure),
    };
  }

  /** Every item with its state, as of the last look. */
  async *items(): AsyncGenerator<LookedAtItem> {
    for (const [id, item] of await this.#readItems()) {
      const state = this.#stateOf(id, item);
      const failure = state === 'failed' ? this.#failures.get(id) : undefined;
      yield { id, name: item.name, state, bytes: this.#landed.get(id)?.bytes, failure };
    }
  }

  #stateOf(id: string, { isProcessed }: Known): ItemState {
    const hasLanded = this.#landed.has(id);
    if (this.#results.has(id) || (hasLanded && !isProcessed)) return 'done';
    if (this.#failures.has(id)) return 'failed';
    return hasLanded || this.#handed.has(id) || this.#open.has(id) ? 'under way' : 'not started';
  }

  async #readItems(): Promise<Map<string, Known>> {
    if (this.#items !== undefined) return this.#items;
    const items = new Map<string, Known>();
    for await (const item of plannedItems(this.#store, this.#plan)) {
      const key = item.kind === 'source' ? item.key : undefined;
      items.set(item.id, { name: itemName(item), key, isProcessed: item.process !== null });
    }
    this.#items = items;
    return items;
  }

  async #ids(ledger: LedgerName): Promise<Set<string>> {
    return new Set(await Array.fromAsync(recordedIds(this.#store, this.#plan.runId, ledger)));
  }

  async #readNew<T>(ledger: LedgerName, schema: z.core.$ZodType<T>, known: Map<string, T>): Promise<void> {
    const keys = runKeys(this.#plan.runId);
    const fresh = [...(await this.#ids(ledger))].filter((id) => !known.has(id));
    await pMap(
      fresh,
      async (id) => {
        const record = await readJson(this.#store, keys.record(ledger, id), schema);
        if (record !== undefined) known.set(id, record);
      },
      { concurrency: READS_AT_ONCE },
    );
  }

  async #readUploads(): Promise<void> {
    for await (const key of listKeys(this.#store, runKeys(this.#plan.runId).uploads)) {
      if (this.#uploads.has(key)) continue;
      const upload = await readJson(this.#store, key, openUploadSchema);
      if (upload !== undefined) this.#uploads.set(key, upload);
    }
  }

  async #transfersUnderWay(items: ReadonlyMap<string, Known>): Promise<TransferUnderWay[]> {
    const byKey = new Map([...items].map(([id, { key }]) => [key, id]));
    const open = [...this.#uploads.values()].flatMap((upload) => {
      const id = byKey.get(upload.key);
      return id === undefined || this.#landed.has(id) || this.#failures.has(id) ? [] : [{ id, upload }];
    });
    await pMap(
      open,
      async ({ id, upload }) => {
        const bytes = await this.#bytesOf(upload);
        // If an upload does not exist any more, it was completed and has no record yet, or it begins again: the item
        // stays under way, with the last known bytes.
        if (bytes !== undefined || !this.#sent.has(id)) this.#sent.set(id, bytes ?? 0);
      },
      { concurrency: READS_AT_ONCE },
    );
    this.#open = new Set(open.map(({ id }) => id));
    return Promise.all(
      [...new Map(open.map(({ id, upload }) => [id, upload.key]))].map(async ([id, name]) => ({
        name,
        bytes: this.#sent.get(id) ?? 0,
        total: await this.#totalOf(id),
      })),
    );
  }

  /** @returns undefined if the upload does not exist any more: it was completed or aborted. */
  async #bytesOf({ bucket, key, uploadId }: OpenUpload): Promise<number | undefined> {
    let bytes = 0;
    try {
      const pages = paginateListParts({ client: this.#store.client }, { Bucket: bucket, Key: key, UploadId: uploadId });
      for await (const { Parts = [] } of pages) for (const part of Parts) bytes += part.Size ?? 0;
      return bytes;
    } catch (error) {
      if (httpStatus(error) === 404) return undefined;
      throw error;
    }
  }

  async #totalOf(id: string): Promise<number | undefined> {
    const known = this.#totals.get(id);
    if (known !== undefined) return known;
    const transfer = await readTransfer(this.#store, this.#plan.runId, id);
    const total = (transfer?.state as { total?: unknown } | null | undefined)?.total;
    if (typeof total !== 'number') return undefined;
    this.#totals.set(id, total);
    return total;
  }
}
