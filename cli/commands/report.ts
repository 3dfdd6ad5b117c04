import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { OUTPUT_PREFIX, runKeys } from '#run/keys.ts';
import { messageOfCause } from '#run/problem/problem-of-execution.ts';
import { CommandError } from '../command-error.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { NoManifestError, readItems, readManifest } from '../report/read-run.ts';
import { lastWord, renderRun } from '../report/report.ts';
import { forDeployment } from '../screen/on-local.ts';
import type { CommandContext } from './command.ts';
import { describeRun } from './status.ts';

/**
 * `sluice report`: shows the outcome of a run that has ended.
 *
 * @param options.open also opens `report.html` in the browser.
 * @returns the exit code for the run's outcome.
 * @throws NoManifestError
 */
export async function report(context: CommandContext, run: string, options: { open?: boolean } = {}): Promise<number> {
  const { store, screen, json } = context;
  const runId = runIdOf(run);
  const manifest = await readManifest(store, runId).catch(async (error: unknown) => {
    if (!(error instanceof NoManifestError)) throw error;
    const { status, error: name, cause } = await describeRun(context, run);
    if (status === 'RUNNING') {
      throw new CommandError('run-under-way', `run ${runId} is still under way`);
    }
    throw new NoManifestError(
      `run ${runId} has ended (${String(status).toLowerCase()}) and has no manifest${name === undefined ? '' : `: ${name}: ${messageOfCause(cause ?? '')}`}`,
    );
  });
  if (json) screen.print(JSON.stringify(manifest));
  else {
    screen.print(await renderRun(manifest, readItems(store, runId), screen));
    const say = (text: string) => screen.print(forDeployment(text, context));
    say(`\nLanded objects, each at its key: s3://${store.bucket}/`);
    if (manifest.counts.processed > 0) say(`Outputs of processors: s3://${store.bucket}/${OUTPUT_PREFIX}${runId}/`);
    say(`Records and report.html: s3://${store.bucket}/runs/${runId}/`);
    if (manifest.counts.done > 0) say(`To download one: "npx sluice get ${runId} ITEM"`);
    say(lastWord(manifest, screen));
  }
  if (options.open === true) await openReport(context, runId);
  return EXIT[manifest.outcome];
}

async function openReport({ store, screen }: CommandContext, runId: string): Promise<void> {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: runKeys(runId).report }));
  const file = join(tmpdir(), `sluice-${runId}.html`);
  await writeFile(file, (await Body?.transformToByteArray()) ?? new Uint8Array());
  screen.say(`The page is ${file}.`);
  openInBrowser(file);
}

/** Opens a file or a URL in the system's browser. Without a browser, the person has to use the printed name. */
export function openInBrowser(target: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(command, [target], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
