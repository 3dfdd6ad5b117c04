import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, onTestFailed } from 'vitest';
import { duckDbFiles, ownPlatform } from '#lib/bundling/native-files.ts';
import { buildWorkerBundle, workerCommand } from '#lib/bundling/worker-bundle.ts';
import { type Settings, settingsSchema } from '#lib/settings/settings.ts';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { groupsAsVariables } from '#run/settings/groups.ts';
import type { WorkerRig } from './worker.ts';

export const BUNDLE_KEY = 'assets/the bundle.mjs';
const nativeKey = (name: string): string => `assets/${name}.br`;

export interface RunningWorker {
  readonly child: ChildProcess;
  /** What it wrote so far, as objects. */
  readonly lines: () => Record<string, unknown>[];
  readonly exited: Promise<number | null>;
}

/** The settings of workers as a container is given them, for sources on this machine. */
export function workerVariables(settings: Partial<Settings['workers']>): Record<string, string> {
  // No heartbeat comes so late, however busy the machine is: else the message would be delivered again, and tried
  // again.
  const workers = { visibilitySeconds: 120, heartbeatSeconds: 1, idleSeconds: 1, itemMinutes: 5, ...settings };
  const sources = { ports: [], openRanges: ['127.0.0.0/8'] };
  return groupsAsVariables(settingsSchema.parse({ workers, sources }), 'workers', 'sources', 'limits', 'metrics');
}

/** The worker's bundle and command, for the tests of one file. What they start ends with each test. */
export function useWorkerProcesses() {
  let folder = '';
  let content: Buffer = Buffer.alloc(0);
  let sha256 = '';
  let command: readonly string[] = [];
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-bundle-test-'));
    const bundle = buildWorkerBundle(join(folder, 'out'));
    content = await readFile(bundle.path);
    sha256 = bundle.sha256;
    command = workerCommand();
  });
  afterEach(() => {
    for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  return {
    folder: () => folder,
    sha256: () => sha256,
    command: () => command,
    /** Puts the bundle into the rig's bucket. @returns the environment of a container that works for the rig. */
    async install(
      test: WorkerRig,
      client: EmbeddedAws['client'],
      settings: Partial<Settings['workers']> = {},
    ): Promise<Record<string, string>> {
      const { bucket } = test.store;
      await test.store.client.send(new PutObjectCommand({ Bucket: bucket, Key: BUNDLE_KEY, Body: content }));
      return {
        AWS_ENDPOINT_URL: client.endpoint,
        AWS_REGION: client.region,
        AWS_ACCESS_KEY_ID: client.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: client.credentials.secretAccessKey,
        SLUICE_BUNDLE_BUCKET: bucket,
        SLUICE_BUNDLE_KEY: BUNDLE_KEY,
        SLUICE_BUNDLE_SHA256: sha256,
        SLUICE_BUCKET: bucket,
        SLUICE_QUEUE_URL: test.queue.url,
        SLUICE_STOP_SECONDS: '30',
        SLUICE_DEPLOYMENT: 'Sluice',
        ...workerVariables(settings),
      };
    },
    /** Puts DuckDB's native files there too. @returns what the container's environment says of them. */
    async installDuckDb(test: WorkerRig): Promise<{ SLUICE_DUCKDB_FILES: string }> {
      const files = duckDbFiles(ownPlatform());
      for (const { name, path } of files) {
        const put = { Bucket: test.store.bucket, Key: nativeKey(name), Body: await readFile(path) };
        await test.store.client.send(new PutObjectCommand(put));
      }
      const named = files.map(({ name, sha256 }) => ({ name, key: nativeKey(name), sha256 }));
      return { SLUICE_DUCKDB_FILES: JSON.stringify(named) };
    },
    async removeDuckDb(test: WorkerRig): Promise<void> {
      for (const { name } of duckDbFiles(ownPlatform())) {
        const one = { Bucket: test.store.bucket, Key: nativeKey(name) };
        await test.store.client.send(new DeleteObjectCommand(one));
      }
    },
    /** Starts the container's own command, or another, as a plain process. */
    start(environment: Record<string, string>, [program = '', ...args] = command): RunningWorker {
      const child = spawn(program, args, {
        env: { PATH: process.env.PATH, TMPDIR: folder, AWS_EC2_METADATA_DISABLED: 'true', ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      started.push(child);
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk) => {
          text += chunk;
        });
      }
      const lines = () =>
        text
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      onTestFailed(() => console.log(`the worker wrote:\n${text}`));
      return { child, lines, exited: once(child, 'close').then(([code]) => code as number | null) };
    },
  };
}
