import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { selfSignedCertificate } from '#test/helpers/source-server.ts';
import { type BenchSource, startSource } from './source.ts';
import type { FileSpec } from './source-files.ts';
import { deleteObjects, type LandedFile, verifyObjects } from './verify-objects.ts';

export interface LaneOptions {
  readonly files: readonly FileSpec[];
  /** HTTPS on both sides. */
  readonly tls?: boolean;
  readonly bytesPerSecondPerConnection?: number;
  /** A source that counts what it sends. */
  readonly counted?: boolean;
}

/** The concurrency and the part size; a missing value means the tool's default. */
export interface Sizes {
  readonly connections?: number;
  readonly partMib?: number;
}

interface Ends {
  readonly bucket: string;
  /** Of the S3 server. */
  readonly endpoint: string;
  /** The certificate of the source and the S3 server, PEM in a file. For Node, the environment names it too. */
  readonly caFile: string | undefined;
  /** The AWS settings in the form that every SDK and tool reads. */
  readonly env: Readonly<Record<string, string>>;
  /** For what a tool wants to have in files. */
  readonly folder: string;
}

/** All that a tool needs for a job. */
export interface Job extends Ends {
  readonly file: FileSpec;
  readonly url: string;
  readonly key: string;
  readonly sizes: Sizes;
}

/** Many small files. Their keys have a prefix in common, and end as their URLs do. */
export interface SmallJob extends Ends {
  readonly files: readonly (FileSpec & { readonly url: string; readonly key: string })[];
  readonly prefix: string;
  readonly atOnce: number;
}

/** A source and an S3 server, each in its own process, and the connection between the two. */
export interface Lane extends AsyncDisposable {
  readonly over: 'HTTP' | 'TLS';
  readonly source: BenchSource;
  readonly s3: S3Server;
  readonly bucket: string;
  job(file: FileSpec, sizes?: Sizes, endpoint?: string): Job;
  smallJob(files: readonly FileSpec[], atOnce: number): SmallJob;
  /**
   * Compares the landed object with the file of the source by SHA-256, and deletes it.
   *
   * @throws ObjectDiffersError with the name of the first object that differs.
   */
  settle(landed: readonly LandedFile[]): Promise<void>;
}

export async function openLane(options: LaneOptions): Promise<Lane> {
  const tls = options.tls ? selfSignedCertificate() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  const caFile = tls && join(folder, 'ca.pem');
  if (caFile) await writeFile(caFile, tls.cert);
  const { files, bytesPerSecondPerConnection, counted = false } = options;
  const source = await startSource({ files, tls, bytesPerSecondPerConnection, counted, folder });
  const s3 = await startS3Server({ kind: 'versitygw', ...(tls && { tls }) });
  const bucket = await createBucket(s3.client);
  // The bytes are hashed here, so the SDK's own check of the checksum would only cost time.
  const reader = s3.clientFor(s3.endpoint, { responseChecksumValidation: 'WHEN_REQUIRED' });
  const ends = (endpoint = s3.endpoint): Ends => ({
    bucket,
    endpoint,
    caFile,
    folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: s3.region,
      AWS_DEFAULT_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      ...(caFile && { NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
    },
  });
  return {
    over: tls ? 'TLS' : 'HTTP',
    source,
    s3,
    bucket,
    job: (file, sizes = {}, endpoint) => ({
      ...ends(endpoint),
      file,
      url: source.origin + file.path,
      key: `landed${file.path}`,
      sizes,
    }),
    smallJob: (small, atOnce) => ({
      ...ends(),
      files: small.map((file) => ({ ...file, url: source.origin + file.path, key: `landed${file.path}` })),
      prefix: 'landed/small/',
      atOnce,
    }),
    settle: async (landed) => {
      await verifyObjects(reader, bucket, landed);
      await deleteObjects(s3.client, bucket, landed);
    },
    [Symbol.asyncDispose]: async () => {
      await source.stop();
      await s3.stop();
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}
