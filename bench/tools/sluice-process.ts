/**
 * One step of the engine in a process of its own. It is bundled like the Lambdas, reads its job from standard input,
 * and writes its answer to standard output.
 */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { SourceGuard } from '#net/guard/source-guard.ts';
import {
  openTransfer,
  type PartProof,
  resumeTransfer,
  type Slice,
  type TransferState,
  transfer,
} from '#transfer/index.ts';

/** Deadlines in milliseconds since 1970. */
export type SluiceStep =
  | { readonly step: 'transfer' }
  | { readonly step: 'open' }
  | { readonly step: 'slice'; readonly state: TransferState; readonly slice: Slice; readonly deadline: number }
  | { readonly step: 'close'; readonly state: TransferState; readonly proofs: PartProof[] };

export interface SluiceInput {
  /** More than one only for whole transfers. */
  readonly files: readonly { readonly url: string; readonly key: string }[];
  readonly atOnce: number;
  readonly caFile: string | undefined;
  readonly bucket: string;
  readonly connections: number;
  readonly bufferBytes: number;
  readonly partBytes: number | undefined;
  readonly todo: SluiceStep;
}

async function run(input: SluiceInput): Promise<unknown> {
  const { files, atOnce, caFile, bucket, connections, bufferBytes, partBytes, todo } = input;
  const ca = caFile && { ca: readFileSync(caFile, 'utf8') };
  const client = new S3Client({});
  // Every lane's source is on the loopback interface.
  const guard = new SourceGuard({ openRanges: ['127.0.0.0/8'] });
  const options = { guard, connections, bufferBytes, ...(partBytes !== undefined && { partBytes }) };
  const ends = files.map(({ url, key }) => ({ source: { url, ...ca }, destination: { client, bucket, key } }));
  if (todo.step === 'transfer') {
    return pMap(ends, ({ source, destination }) => transfer(source, destination, options), { concurrency: atOnce });
  }
  const [end] = ends;
  if (end === undefined) throw new Error('name at least one file');
  const { source, destination } = end;
  switch (todo.step) {
    case 'open':
      return openTransfer(source, destination, options);
    case 'slice': {
      const deadline = new Date(todo.deadline);
      return resumeTransfer(todo.state, source, destination, options).uploadSlice(todo.slice, { deadline });
    }
    case 'close':
      return resumeTransfer(todo.state, source, destination, options).close({ proofs: todo.proofs });
  }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(await text(process.stdin)) as SluiceInput)));
