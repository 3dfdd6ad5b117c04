import { totalmem } from 'node:os';
import { constrainedMemory, resourceUsage } from 'node:process';
import { dispatch, messageOf } from '#run/dispatch.ts';
import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger.ts';
import type { WorkMessage } from '#run/message.ts';
import { type LandedRecord, landedSchema } from '#run/records.ts';
import { redactUrl } from '#run/redact.ts';
import { readJson, type Store, writeOnce } from '#run/store.ts';
import { type Landed, type TransferOptions, transfer } from '#transfer/index.ts';
import type { WorkerParts } from './parts.ts';
import { hasRecord, settledAs } from './settled.ts';
import type { Task } from './task.ts';
import { withinLimit } from './within-limit.ts';

const MIB = 1_048_576;
/** What Node, the SDK and the engine's own buffers take beside the part buffers of streams. */
const BASE_MIB = 300;
/** Three of S3's smallest parts, and the engine's own budget, which is enough for 1 TiB. */
const STREAM_MIB = { least: 24, most: 480 } as const;

/** To land a source for which a Lambda's time was too short: the same engine, without a deadline. */
export function fetchTask(parts: WorkerParts, message: WorkMessage, source: SourceItem): Task {
  const { store } = parts;
  const { runId, item } = message;
  return {
    ref: { runId, item, stage: 'transfer' },
    name: message.name,
    what: 'fetch',
    async settledAs() {
      const settled = await settledAs(store, message, 'landed');
      // The worker that landed it may have died before it handed it on. A second message is thrown away.
      if (settled === 'done') await handOn(parts, runId, source);
      return settled;
    },
    isDone: () => hasRecord(store, message, 'landed'),
    async run(_attempt, signal, logger) {
      const limit = { name: 'fetch', minutes: parts.settings.itemMinutes };
      const landed = await withinLimit(limit, signal, logger, (both, progress) =>
        transfer(
          sourceOf(source),
          { client: store.client, bucket: store.bucket, key: source.key, ...ifGiven('ifExists', source.ifExists) },
          {
            ...uploadRecorder(store, runId, source.key),
            streamMemoryBytes: streamMemoryBytes(parts.settings.itemsAtOnce),
            signal: both,
            onProgress: ({ bytes, total }) => progress({ bytes, total: total ?? 'unknown' }),
          },
        ).catch((error: unknown) => {
          throw both.aborted ? both.reason : error;
        }),
      );
      return async () => {
        const word = await record(store, 'landed', landedRecord(store, runId, source, landed));
        await handOn(parts, runId, source);
        return word;
      };
    },
  };
}

/** Sends the landed object to its processor, where it gets one. */
async function handOn({ store, dispatchQueue }: WorkerParts, runId: string, source: SourceItem): Promise<void> {
  const landed = await readJson(store, runKeys(runId).record('landed', source.id), landedSchema);
  if (landed === undefined) return;
  const message = messageOf(runId, source, { bucket: landed.bucket, bytes: landed.bytes });
  if (message !== undefined) await dispatch(dispatchQueue, [message]);
}

function sourceOf({ url, headers, expect, allowUnprovenEnd }: SourceItem) {
  return {
    url,
    ...ifGiven('headers', headers),
    ...ifGiven('expect', expect),
    ...ifGiven('allowUnprovenEnd', allowUnprovenEnd),
  };
}

/** The upload's id goes into the run's records before its first part, so that closing the run can abort it. */
function uploadRecorder(store: Store, runId: string, key: string): Pick<TransferOptions, 'onUploadCreated'> {
  return {
    async onUploadCreated(uploadId) {
      await writeOnce(store, runKeys(runId).upload(uploadId), { v: 1, bucket: store.bucket, key, uploadId });
    },
  };
}

/** A share of the container's memory for the part buffers of each item at once. */
function streamMemoryBytes(itemsAtOnce: number): number {
  const memory = Math.min(constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const share = Math.floor((memory / MIB - BASE_MIB) / itemsAtOnce);
  return Math.min(Math.max(share, STREAM_MIB.least), STREAM_MIB.most) * MIB;
}

function landedRecord(store: Store, runId: string, source: SourceItem, landed: Landed): LandedRecord {
  return {
    v: 1,
    runId,
    item: source.id,
    name: source.key,
    at: new Date().toISOString(),
    status: landed.status,
    bucket: store.bucket,
    key: source.key,
    url: redactUrl(source.url),
    bytes: landed.bytes,
    seconds: landed.seconds,
    parts: landed.parts,
    retries: landed.retries,
    proofs: landed.proofs,
    ...ifGiven('crc32', landed.crc32),
    ...ifGiven('sourceEtag', landed.sourceEtag),
    ...ifGiven('sourceLastModified', landed.sourceLastModified),
    ...ifGiven('contentType', landed.contentType),
    peakMemoryMiB: Math.round(resourceUsage().maxRSS / 1_024),
    notes: landed.notes,
  };
}

function ifGiven<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: V });
}
