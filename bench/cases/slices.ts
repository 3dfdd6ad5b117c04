import pMap from 'p-map';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';
import {
  type Landed,
  type PartProof,
  planOf,
  type Slice,
  type SliceOutcome,
  slicesOf,
  type TransferState,
} from '#transfer/index.ts';
import { buffersFor } from '#transfer/parts/buffers.ts';
import { type Job, openLane } from '../harness/lane.ts';
import { measure } from '../harness/measure.ts';
import { type Bench, type CaseResult, GIB } from '../harness/run.ts';
import { SHIPPED } from '../harness/shipped.ts';
import { largeFile } from '../harness/source-files.ts';
import type { SluiceStep } from '../tools/sluice-process.ts';

/** A slice that needs more calls than this makes no progress. */
const MOST_CALLS = 100;
const SLICES_AT_ONCE = 2;
const CONNECTIONS = SHIPPED.connections;

/**
 * A long file in slices. Each call is a process of its own with a short deadline, as Lambdas continue each other's
 * work.
 */
export async function slicesCase(bench: Bench): Promise<CaseResult> {
  const bytes = bench.quick ? 3 * GIB : 20 * GIB;
  const sliceBytes = bench.quick ? GIB : 2 * GIB;
  const deadlineSeconds = bench.quick ? 3 : 5;
  const title = `${bytes / GIB} GiB in slices, ${deadlineSeconds} s for each call`;
  const columns = [
    'slices',
    'parts',
    'calls',
    'stopped by the deadline',
    'part PUTs',
    'stored twice',
    'wall s',
    'peak MiB',
  ];
  const method = `${SLICES_AT_ONCE} slices at once, ${CONNECTIONS} connections each. Each call is a new process, and its ${deadlineSeconds} s begin before its start. A proxy in front of S3 counts parts, and the source counts bytes.`;
  if (!(await bench.hasRoom(title, bytes))) {
    return { title, method, tables: [], findings: [] };
  }

  await using lane = await openLane({ files: [largeFile(bytes)], counted: true });
  await using proxy = await startS3FaultProxy(lane.s3.endpoint);
  const job = lane.job(largeFile(bytes), { connections: CONNECTIONS }, proxy.endpoint);
  const start = performance.now();
  const calls = new SliceCalls(bench, job);
  const { state } = (await calls.step({ step: 'open' })) as { state: TransferState };
  const slices = slicesOf(planOf(state), sliceBytes);
  await pMap(slices, (slice) => calls.toTheEnd(state, slice, deadlineSeconds), { concurrency: SLICES_AT_ONCE });
  const landed = (await calls.step({ step: 'close', state, proofs: calls.proofs })) as Landed;
  const wallSeconds = (performance.now() - start) / 1000;

  const source = await lane.source.counts?.();
  if (source === undefined) throw new Error('this case needs a source that counts bytes');
  await lane.settle([job]);
  const uploads = await openUploads(lane.s3.client, lane.bucket);
  const puts = proxy.operations('UploadPart');
  const stored = proxy.parts.reduce((sum, part) => sum + part.stored, 0);
  const storedTwice = stored - state.count;
  const cutPuts = puts - stored;
  const mostInFlight = buffersFor(CONNECTIONS);
  const inFlight = calls.stops * mostInFlight;
  const readAgain = source.again / state.partBytes;
  const each = calls.stops === 0 ? 0 : readAgain / calls.stops;
  bench.say(
    `   ${calls.count} calls, ${calls.stops} stops, ${puts} PUTs of ${state.count} parts, ${readAgain.toFixed(1)} parts read again`,
  );
  return {
    title,
    method,
    tables: [
      {
        columns,
        rows: [
          [
            slices.length,
            state.count,
            calls.count,
            calls.stops,
            puts,
            storedTwice,
            wallSeconds.toFixed(0),
            calls.peakMib.toFixed(0),
          ],
        ],
      },
    ],
    findings: [
      {
        goal: 'byte-identical',
        figure: `${landed.bytes} bytes, by SHA-256, ${landed.notes.join('; ') || 'no notes'}`,
        met: true,
      },
      {
        goal: 'only parts in flight at a stop are sent twice',
        figure: `${storedTwice} parts stored twice, ${cutPuts} PUTs cut off, ${readAgain.toFixed(1)} parts read again from the source at ${calls.stops} stops: ${each.toFixed(1)} a stop, of at most ${mostInFlight} in flight`,
        met: storedTwice + cutPuts <= inFlight && source.again <= inFlight * state.partBytes,
      },
      { goal: 'no upload is left open', figure: `${uploads.length} open`, met: uploads.length === 0 },
    ],
  };
}

/** The calls of one transfer, and their sums. */
class SliceCalls {
  readonly #bench: Bench;
  readonly #job: Job;
  readonly proofs: PartProof[] = [];
  count = 0;
  stops = 0;
  peakMib = 0;

  constructor(bench: Bench, job: Job) {
    this.#bench = bench;
    this.#job = job;
  }

  async step(todo: SluiceStep): Promise<unknown> {
    const { cost, output } = await measure(this.#bench.sluice.step(this.#job, todo));
    this.peakMib = Math.max(this.peakMib, cost.peakMib);
    return JSON.parse(output);
  }

  async toTheEnd(state: TransferState, slice: Slice, deadlineSeconds: number): Promise<void> {
    for (let call = 1; call <= MOST_CALLS; call++) {
      const deadline = Date.now() + deadlineSeconds * 1000;
      const outcome = (await this.step({ step: 'slice', state, slice, deadline })) as SliceOutcome;
      this.count++;
      this.proofs.push(...outcome.proofs);
      if (outcome.done) return;
      this.stops++;
    }
    throw new Error(`slice ${slice.first} to ${slice.last} is not done after ${MOST_CALLS} calls`);
  }
}
