import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  type HistoryEvent,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { inject, vi } from 'vitest';
import { type ItemLine, itemLineSchema, type Manifest, manifestSchema } from '#run/end/manifest.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import { runKeys } from '#run/keys.ts';
import { readJson, type Store } from '#run/store.ts';
import { type CommandEnd, runSluice } from '#test/helpers/cli.ts';
import { redshiftControl } from './redshift-control.ts';
import { fetchShared } from './setup/shared.ts';

/** How to reach a deployment of the end-to-end tests. */
export interface DeployedAws {
  readonly client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  readonly outputs: Readonly<Record<string, string>> & {
    BucketName: string;
    StateMachineArn: string;
    QueueUrl: string;
  };
  /** The file with the requests of roles, which `readRequests` reads. */
  readonly requestsFile: string;
  /** Where the stand-in for Redshift is controlled from, in a deployment with a warehouse. */
  readonly redshiftUrl?: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test files fetch a {@link DeployedAws} by the deployment's name. */
    deployedAws: string;
    /** The same of the project e2e, for the tests of other projects. */
    deployedForTests: string;
  }
}

/** How an execution ended, and the records of its run. */
export interface Ended {
  readonly runId: string;
  readonly status: string;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly manifest: Manifest | undefined;
  readonly items: readonly ItemLine[];
  readonly events: readonly HistoryEvent[];
}

/**
 * A deployed stack that tests share. All files that ask for the same name share the deployment.
 *
 * @param name one of the project's deployments: see `global-setup.ts` of the tests' folder.
 */
export async function useDeployedAws(name = 'shared') {
  return deployedAws(await fetchShared<DeployedAws>(inject('deployedAws'), name));
}

/** A deployed stack, as a person with its outputs uses it. */
export function deployedAws({ client, outputs, requestsFile, redshiftUrl = '' }: DeployedAws) {
  const sfn = new SFNClient(client);
  const store: Store = { client: new S3Client(client), bucket: outputs.BucketName };
  const queue: Queue = { client: new SQSClient(client), url: outputs.QueueUrl };

  const describe = (executionArn: string) => sfn.send(new DescribeExecutionCommand({ executionArn }));

  async function start(input: unknown, runId: string = crypto.randomUUID()): Promise<string> {
    const { executionArn = '' } = await sfn.send(
      new StartExecutionCommand({
        stateMachineArn: outputs.StateMachineArn,
        name: runId,
        input: JSON.stringify(input),
      }),
    );
    return executionArn;
  }

  async function history(executionArn: string): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    for await (const page of paginateGetExecutionHistory({ client: sfn }, { executionArn })) {
      events.push(...(page.events ?? []));
    }
    return events;
  }

  async function end(executionArn: string, timeoutSeconds = 400): Promise<Ended> {
    let last: DescribeExecutionOutput = await describe(executionArn);
    await vi.waitUntil(
      async () => {
        last = await describe(executionArn);
        return last.status !== 'RUNNING';
      },
      { timeout: timeoutSeconds * 1_000, interval: 250 },
    );
    const runId = last.name ?? '';
    return {
      runId,
      status: last.status ?? '',
      error: last.error,
      cause: last.cause,
      manifest: await readJson(store, runKeys(runId).manifest, manifestSchema),
      items: await itemsOf(runId),
      events: await history(executionArn),
    };
  }

  async function bytesOf(key: string): Promise<Uint8Array> {
    const answer = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
    return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
  }

  async function itemsOf(runId: string): Promise<ItemLine[]> {
    const bytes = await bytesOf(runKeys(runId).items).catch(() => new Uint8Array());
    const lines = new TextDecoder().decode(bytes).trim();
    return lines === '' ? [] : lines.split('\n').map((line) => itemLineSchema.parse(JSON.parse(line)));
  }

  /** Runs `sluice` as a person does, with its exit code. */
  function sluice(...args: string[]): Promise<CommandEnd> {
    return runSluice(args, {
      ...process.env,
      AWS_ENDPOINT_URL: client.endpoint,
      AWS_REGION: client.region,
      AWS_ACCESS_KEY_ID: client.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: client.credentials.secretAccessKey,
    });
  }

  return {
    client,
    outputs,
    requestsFile,
    redshift: redshiftControl(redshiftUrl),
    sluice,
    store,
    queue,
    sfn,
    start,
    end,
    history,
    bytesOf,
    /** Starts an execution and waits for its end. */
    run: async (input: unknown, runId?: string) => end(await start(input, runId)),
    stop: (executionArn: string) => sfn.send(new StopExecutionCommand({ executionArn, cause: 'stopped by a test' })),
  };
}
