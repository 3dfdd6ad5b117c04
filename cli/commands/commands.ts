import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { S3Client } from '@aws-sdk/client-s3';
import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { type Deployment, executionArnOf, newRunId, runIdOf } from '../deployment/deployment.ts';
import { EXIT } from '../exit-code.ts';
import { followRun } from '../follow/follow-run.ts';
import { executionInput } from '../input/execution-input.ts';
import { NoManifestError, readItems, readManifest } from '../report/read-run.ts';
import { renderRun } from '../report/report.ts';

/** What a command needs: where the deployment is, and where its words go. */
export interface CommandContext {
  readonly sfn: SFNClient;
  readonly s3: S3Client;
  readonly deployment: Deployment;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

/** What a new run takes, whatever it is of. */
export interface StartOptions {
  readonly onLate?: string | undefined;
  readonly name?: string | undefined;
  readonly detach?: boolean | undefined;
}

export interface RunOptions extends StartOptions {
  readonly urls: readonly string[];
  readonly inputFile?: string | undefined;
  readonly process?: string | undefined;
}

/**
 * `sluice run`: starts an execution and, unless detached, watches it.
 *
 * @returns the exit code.
 * @throws InvalidInputError before anything is started.
 */
export async function run(context: CommandContext, options: RunOptions): Promise<number> {
  const { inputFile, process: processor, onLate } = options;
  const base =
    inputFile === undefined ? undefined : await (inputFile === '-' ? text(process.stdin) : readFile(inputFile, 'utf8'));
  const input = executionInput({
    urls: options.urls,
    ...(base !== undefined && { base }),
    ...(processor !== undefined && { process: processor }),
    ...(onLate !== undefined && { onLate }),
  });
  return start(context, input, options.name ?? newRunId('run'), options);
}

/**
 * `sluice retry`: starts a run of what an earlier one left failed or missing, and unless detached, watches it.
 *
 * @returns the exit code.
 * @throws NoManifestError where the earlier run is still under way, or there is none.
 */
export async function retry(context: CommandContext, earlier: string, options: StartOptions): Promise<number> {
  const { s3, deployment, print } = context;
  const rerunOf = runIdOf(earlier);
  const { counts } = await readManifest({ client: s3, bucket: deployment.bucket }, rerunOf);
  if (counts.failed + counts.missing === 0) {
    print(`Run ${rerunOf} left nothing undone.`);
    return EXIT.complete;
  }
  const { onLate } = options;
  const base = JSON.stringify({ rerunOf });
  const input = executionInput({ urls: [], base, ...(onLate !== undefined && { onLate }) });
  return start(context, input, options.name ?? newRunId('retry'), options);
}

async function start(context: CommandContext, input: unknown, name: string, { detach }: StartOptions): Promise<number> {
  await context.sfn.send(
    new StartExecutionCommand({
      stateMachineArn: context.deployment.stateMachineArn,
      name,
      input: JSON.stringify(input),
    }),
  );
  if (detach === true) {
    context.print(name);
    return EXIT.complete;
  }
  context.print(`Run ${name} has started.`);
  return watch(context, name);
}

/** `sluice watch`: follows a run to its end and reports it. */
export async function watch(context: CommandContext, run: string): Promise<number> {
  const { sfn, s3, deployment, print, signal } = context;
  const printAt = (at: Date, line: string) => print(`${at.toISOString().slice(11, 19)}  ${line}`);
  let lastError: string | undefined;
  const { end } = await followRun({ sfn, s3 }, executionArnOf(deployment, run), {
    signal,
    onProgress: (line) => printAt(new Date(), line),
    onEvent: (event) => {
      // The execution ends with the error of its last state, which was told then.
      if ((event.kind !== 'fault' && event.kind !== 'ended') || event.error === lastError) return;
      lastError = event.error;
      printAt(event.at, `${event.error}: ${event.message ?? ''}`);
    },
  });
  try {
    return await report(context, run);
  } catch (error) {
    // A run that failed in Plan has no manifest, and its history has said why.
    if (error instanceof NoManifestError && end.status !== 'SUCCEEDED') return EXIT.failed;
    throw error;
  }
}

/** `sluice report`: the manifest of a run that has ended. */
export async function report({ s3, deployment, print }: CommandContext, run: string): Promise<number> {
  const store = { client: s3, bucket: deployment.bucket };
  const runId = runIdOf(run);
  const manifest = await readManifest(store, runId);
  print(`\n${await renderRun(manifest, readItems(store, runId))}`);
  print(`\nAll of it: s3://${store.bucket}/runs/${runId}/`);
  return EXIT[manifest.outcome];
}
