/**
 * One process of a transfer that may die at any moment: it goes on from the JSON that the one before it left in a file,
 * as Lambdas do with the run's records, and ends with `landed` there.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import {
  type Landed,
  openTransfer,
  type PartProof,
  planOf,
  resumeTransfer,
  slicesOf,
  type TransferState,
} from '#transfer/index.ts';
import { endByItself } from '#worker/end-by-itself.ts';

export interface StepsInput {
  readonly url: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: string;
  /** Where the steps' record is kept. */
  readonly file: string;
  readonly partBytes: number;
}

export interface StepsRecord {
  readonly state?: TransferState;
  readonly proofs: readonly PartProof[];
  readonly landed?: Landed;
}

const input = JSON.parse(process.argv[2] ?? '') as StepsInput;
const { url, endpoint, bucket, key, file, partBytes } = input;
const source = { url };
const destination = { client: new S3Client({ endpoint, forcePathStyle: true }), bucket, key };
const options = { guard: LOOPBACK, connections: 2, bufferBytes: partBytes };

let record: StepsRecord = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StepsRecord) : { proofs: [] };

function keep(more: Partial<StepsRecord>): void {
  record = { ...record, ...more };
  // Whole or not at all, whenever the process dies.
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
}

async function open(): Promise<TransferState> {
  const opened = await openTransfer(source, destination, {
    ...options,
    onUploadCreated: (_, state) => keep({ ...(state && { state }) }),
  });
  if (opened.kind !== 'ranged') throw new Error(`opened as ${opened.kind}`);
  keep({ state: opened.state });
  return opened.state;
}

const state = record.state ?? (await open());
const resumed = resumeTransfer(state, source, destination, options);
for (const slice of slicesOf(planOf(state), 2 * partBytes)) {
  const { done, vanished, proofs } = await resumed.uploadSlice(slice);
  keep({ proofs: [...record.proofs, ...proofs] });
  // Vanished: closed, perhaps, by a process that died behind it. Close knows.
  if (!done && !vanished) throw new Error('a slice without a deadline is not done');
}
keep({ landed: await resumed.close({ proofs: record.proofs }) });
endByItself(0);
