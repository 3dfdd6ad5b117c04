/**
 * One step of the engine in a process of its own. Bundled as the Lambdas are, told by standard input what to do, and
 * answering on standard output.
 */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { S3Client } from '@aws-sdk/client-s3';
import {
  closeTransfer,
  openTransfer,
  type PartProof,
  type Slice,
  SourceGuard,
  type TransferState,
  transfer,
  uploadSlice,
} from '#transfer/index.ts';

/** Deadlines in milliseconds since 1970. */
export type SluiceStep =
  | { readonly step: 'transfer' }
  | { readonly step: 'open' }
  | { readonly step: 'slice'; readonly state: TransferState; readonly slice: Slice; readonly deadline: number }
  | { readonly step: 'close'; readonly state: TransferState; readonly proofs: PartProof[] };

export interface SluiceInput {
  readonly url: string;
  readonly caFile: string | undefined;
  readonly bucket: string;
  readonly key: string;
  readonly connections: number | undefined;
  readonly todo: SluiceStep;
}

async function run({ url, caFile, bucket, key, connections, todo }: SluiceInput): Promise<unknown> {
  const source = { url, ...(caFile && { ca: readFileSync(caFile, 'utf8') }) };
  const destination = { client: new S3Client({}), bucket, key };
  // Every lane's source is on the loopback interface.
  const guard = new SourceGuard({ openRanges: ['127.0.0.0/8'] });
  const options = { guard, ...(connections !== undefined && { connections }) };
  switch (todo.step) {
    case 'transfer':
      return transfer(source, destination, options);
    case 'open':
      return openTransfer(source, destination, options);
    case 'slice': {
      const job = { state: todo.state, source, destination, options };
      return uploadSlice(job, todo.slice, { deadline: new Date(todo.deadline) });
    }
    case 'close':
      return closeTransfer({ state: todo.state, source, destination, options }, { proofs: todo.proofs });
  }
}

process.stdout.write(JSON.stringify(await run(JSON.parse(await text(process.stdin)) as SluiceInput)));
// Idle connections would keep the process for their time.
process.exit();
