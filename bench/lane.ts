import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { selfSignedCertificate } from '#test/helpers/source-server.ts';
import { compareObject } from './compare-object.ts';
import { type BenchSource, SEED, startSource } from './source.ts';

export interface LaneOptions {
  /** The files that the source has, by their length. */
  readonly lengths: readonly number[];
  /** HTTPS on both sides. */
  readonly tls?: boolean;
  readonly bytesPerSecondPerConnection?: number;
}

/** What a tool needs to know of a job. */
export interface Job {
  readonly url: string;
  readonly bytes: number;
  readonly bucket: string;
  readonly key: string;
  readonly connections: number;
  /** The source's and the S3 server's certificate, PEM in a file. The environment names it too, for Node. */
  readonly caFile: string | undefined;
  /** The AWS settings, as every SDK and tool reads them. */
  readonly env: Readonly<Record<string, string>>;
}

/** A source and an S3 server, each in a process of its own, and the way from one to the other. */
export interface Lane extends AsyncDisposable {
  readonly source: BenchSource;
  readonly s3: S3Server;
  readonly bucket: string;
  job(bytes: number, connections: number, endpoint?: string): Job;
  /** Compares what a job landed with the source, byte for byte, and deletes it. Throws where they differ. */
  settle(job: Job): Promise<void>;
}

export async function openLane(options: LaneOptions): Promise<Lane> {
  const tls = options.tls ? selfSignedCertificate() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const caFile = tls && join(folder, 'ca.pem');
  if (caFile) await writeFile(caFile, tls.cert);
  const source = await startSource({
    lengths: options.lengths,
    tls,
    bytesPerSecondPerConnection: options.bytesPerSecondPerConnection,
  });
  const s3 = await startS3Server({ kind: 'versitygw', ...(tls && { tls }) });
  const bucket = await createBucket(s3.client);
  // The reader compares every byte itself; the SDK's checksum of the answer would only cost time.
  const reader = s3.clientFor(s3.endpoint, { responseChecksumValidation: 'WHEN_REQUIRED' });
  return {
    source,
    s3,
    bucket,
    job: (bytes, connections, endpoint = s3.endpoint) => ({
      url: source.urlOf(bytes),
      bytes,
      bucket,
      key: `landed-${bytes}`,
      connections,
      caFile,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: s3.region,
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        ...(caFile && { NODE_EXTRA_CA_CERTS: caFile }),
      },
    }),
    settle: async ({ key, bytes }) => {
      await compareObject(reader, bucket, key, SEED, bytes);
      await s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    [Symbol.asyncDispose]: async () => {
      source.stop();
      await s3.stop();
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}
