import { keepProgress } from '#processors/contract/progress.ts';
import { dispatch } from '#run/fleet/dispatch.ts';
import { memoryShare } from '#run/fleet/memory-share.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { messageOf } from '#run/fleet/message-of.ts';
import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { destinationOf, recordLanded, sourceOf, uploadRecorder } from '#run/landing/landing.ts';
import { landedSchema } from '#run/ledger/records.ts';
import { NoSuchWinnerError, readJson } from '#run/store.ts';
import { transfer } from '#transfer/index.ts';
import type { WorkerParts } from './parts.ts';
import { hasRecord, settledAs } from './settled.ts';
import type { Task } from './task.ts';
import { withinLimit } from './within-limit.ts';

const MIB = 1_048_576;
/**
 * The smallest budget is three of S3's smallest parts. The largest is the engine's own budget, which is enough for 1
 * TiB.
 */
const STREAM_MIB = { least: 24, most: 480 } as const;

/**
 * Makes the task that lands a source for which a Lambda has too little time. It uses the same engine, without a
 * deadline.
 */
export function fetchTask(parts: WorkerParts, message: WorkMessage, source: SourceItem): Task {
  const { store } = parts;
  const { runId, item } = message;
  return {
    ref: { runId, item, stage: 'transfer' },
    name: message.name,
    what: 'fetch',
    async settledAs() {
      const settled = await settledAs(store, message, 'landed');
      // The worker that landed the object may have died before it sent the message for the processor. A second message
      // does no harm.
      if (settled === 'done') await handOn(parts, runId, source);
      return settled;
    },
    isDone: () => hasRecord(store, message, 'landed'),
    async run(_attempt, signal, logger) {
      const limit = { name: 'fetch', minutes: parts.settings.itemMinutes };
      const progress = keepProgress(logger);
      const landed = await parts.limits.within(runId, parts.settings.sourceBytes, (maxBytes) =>
        withinLimit(limit, signal, (both, onProgress) =>
          transfer(sourceOf(source, parts.credentials), destinationOf(store, source), {
            ...uploadRecorder(store, runId, source),
            streamMemoryBytes: streamMemoryBytes(parts.settings),
            guard: parts.settings.sourceGuard,
            maxBytes,
            signal: both,
            onProgress({ bytes, total }) {
              progress.report({ bytes, total: total ?? 'unknown' });
              onProgress(progress.last());
            },
          }).catch((error: unknown) => {
            throw both.aborted ? both.reason : error;
          }),
        ),
      );
      let isCounted = false;
      // If a step fails, this is called again: the bytes are counted only once.
      return async () => {
        const { word } = await recordLanded(store, runId, source, landed);
        if (landed.status === 'landed' && !isCounted) {
          isCounted = true;
          await parts.limits.spend(runId, landed.bytes);
        }
        await parts.limits.flush(runId);
        await handOn(parts, runId, source);
        return word;
      };
    },
  };
}

/** Sends the landed object to its processor, if it has one. @throws NoSuchWinnerError if the object has no record. */
async function handOn({ store, dispatchQueue }: WorkerParts, runId: string, source: SourceItem): Promise<void> {
  const landed = await readJson(store, runKeys(runId).record('landed', source.id), landedSchema);
  if (landed === undefined) throw new NoSuchWinnerError(`${source.key} has landed, but it has no record`);
  const message = messageOf(runId, source, landed);
  if (message !== undefined) await dispatch(store, dispatchQueue, [message]);
}

/** The item's share of memory for its part buffers, within the limits of S3 and the engine. */
function streamMemoryBytes({ itemsAtOnce, memoryMiB }: WorkerParts['settings']): number {
  return Math.min(Math.max(memoryShare(itemsAtOnce, memoryMiB), STREAM_MIB.least * MIB), STREAM_MIB.most * MIB);
}
