import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { executionArnOf } from '#cli/deployment/deployment.ts';
import { removeLocalAws, writeLocalAws } from '#cli/deployment/local-aws.ts';
import { newRunId } from '#cli/deployment/run-id.ts';
import { EXIT } from '#cli/exit-code.ts';
import { explain } from '#cli/explain.ts';
import { followRun } from '#cli/follow/follow-run.ts';
import { executionInput } from '#cli/input/execution-input.ts';
import { readItems, readManifest } from '#cli/report/read-run.ts';
import { lastWord, renderRun } from '#cli/report/report.ts';
import { problemText } from '#cli/screen/problem-text.ts';
import { Screen } from '#cli/screen/screen.ts';
import { oneLine } from '#cli/screen/shown.ts';
import type { Code } from '#run/problem/catalogue.ts';
import { codeOf } from '#run/problem/problem.ts';
import { listenToAlerts } from './alerts.ts';
import { collectRun } from './collect-run.ts';
import { compareWithSource } from './compare-with-source.ts';
import { deployStack, type StackOutputs, SYNTH_ENV } from './deploy.ts';
import { type EmbeddedAws, EmbeddedAwsError, startEmbeddedAws } from './embedded/embedded-aws.ts';
import { readRequests, refusalsIn } from './embedded/request-log.ts';
import {
  checkLoads,
  countRows,
  LOAD_SETTINGS,
  type LoadedRun,
  loadTable,
  setUpWarehouse,
  showQueues,
  startRedshift,
  watchQueues,
} from './load-sample.ts';
import { loopbackRanges } from './loopback-ranges.ts';
import type { LocalOptions } from './options.ts';
import { checkSampleRun, LATE_SETTINGS, loadedAgain, nightly, sampleInput, sourcesByKey } from './sample-run.ts';
import { startSampleSource } from './sample-source/sample-source.ts';
import { removeShellFile, SHELL_FILE, writeShellFile } from './shell-file.ts';
import { dollarsADay, spendText } from './spend.ts';
import { step } from './step.ts';

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
const STATE = join(REPOSITORY, '.sluice');
/** The number of runs whose logs are kept. */
const KEPT_LOGS = 10;

const screen = new Screen();

/** The execution ended before there was anything to report. The code is that of the error that ended it. */
class LocalRunError extends Error {
  override readonly name = 'LocalRunError';
  readonly code: Code;

  constructor({ error = 'FAILED', message = error }: { error?: string; message?: string }) {
    super(`the run ended in Plan: ${message}`);
    this.code = codeOf({ name: error }) ?? 'run-broke';
  }
}

/**
 * Sets everything up, does one run, shows its report, copies its results into `sluice-out/`, and stops everything.
 *
 * @param stop aborts from outside; this function also aborts it if the embedded AWS ends early.
 * @returns the exit code.
 * @throws the reason of `stop`, or the error of a step.
 */
export async function runLocally(options: LocalOptions, stop: AbortController): Promise<number> {
  const { signal } = stop;
  const isSample = options.urls.length === 0;
  const runId = newRunId(isSample ? (options.late ? 'late' : 'sample') : 'local');
  const logs = join(STATE, 'logs', runId);
  const work = join(logs, 'cdk');
  const out = join(REPOSITORY, 'sluice-out', runId);
  await using running = new AsyncDisposableStack();
  running.defer(() => rm(work, { recursive: true, force: true }));
  await mkdir(logs, { recursive: true });
  await dropOldLogs();

  const redshift = options.redshift ? await step('Start the stand-in for Redshift', startRedshift) : undefined;
  if (redshift !== undefined) running.defer(() => redshift.stop());
  const aws = await step('Start the embedded AWS', () =>
    startEmbeddedAws({ logFile: join(logs, 'aws.log'), ...(redshift && { redshift }) }),
  );
  let stopping = false;
  running.defer(() => {
    stopping = true;
    return aws.stop();
  });
  running.defer(() => sayRefusals(aws));
  void aws.ended.then(() => {
    if (!stopping)
      stop.abort(new EmbeddedAwsError(`the embedded AWS has ended unexpectedly; ${logs}/aws.log shows why`));
  });

  const input = isSample ? await startSample() : executionInput(given(options));
  async function startSample() {
    const source = await step('Start the sample source', () => startSampleSource());
    running.defer(() => source.stop());
    return sampleInput(source.origin, options);
  }

  // Opens only the addresses of this machine that the run needs, because sources may redirect to other programs that
  // listen here.
  const urls = isSample ? [...sourcesByKey(input).values()] : options.urls;
  const settings = {
    ...(options.late && LATE_SETTINGS),
    ...(options.redshift && LOAD_SETTINGS),
    'sources.openRanges': loopbackRanges(urls),
    // A schedule that `sluice backfill` can use.
    ...(options.keep && { schedules: [nightly(urls)] }),
    // No mail is sent from here; at its end, the run prints the alerts.
    'alerts.email': 'on-call@example.org',
  };
  const outputs = await step('Deploy the stack: cdk bootstrap, cdk deploy', (say) =>
    deployStack(aws, { folder: work, logFolder: logs, settings, signal, say }),
  );

  const warehouse =
    redshift && (await step('Create the tables of the warehouse', () => setUpWarehouse(aws, outputs, redshift)));
  const alerts = await listenToAlerts(aws, outputs.AlertTopicArn ?? '');
  const problems: string[] = [];
  if (warehouse !== undefined) {
    problems.push(
      ...(await step("Read the warehouse's queues, as the daily schedule does", () => watchQueues(aws, outputs))),
    );
  }
  const clients = { s3: new S3Client(aws.client), sfn: new SFNClient(aws.client) };
  const looks = await step(`Run ${runId}`, (say) => execute(clients, outputs, { runId, input, signal, say }));
  const store = { client: clients.s3, bucket: outputs.BucketName };
  const manifest = await readManifest(store, runId);
  const loaded: LoadedRun[] = [];
  let dollars = manifest.dollars ?? 0;
  if (warehouse !== undefined) {
    loaded.push({ loads: manifest.loads, rows: await countRows(warehouse) });
    const again = `${runId}-again`;
    await step(`Run ${again}: the loaded sources again`, (say) =>
      execute(clients, outputs, { runId: again, input: loadedAgain(input), signal, say }),
    );
    const second = await readManifest(store, again);
    dollars += second.dollars ?? 0;
    loaded.push({ loads: second.loads, rows: await countRows(warehouse) });
  }

  const notCopied: string[] = [];
  let notFetched: unknown;
  try {
    await step(isSample ? 'Fetch the results and compare them with the source' : 'Fetch the results', async () => {
      const { objects, notCopied: left } = await collectRun(store, runId, out, signal);
      notCopied.push(...left);
      if (isSample) problems.push(...(await compareWithSource(objects, sourcesByKey(input), signal)));
    });
  } catch (error) {
    // For example a full disk. The run has ended anyway, and the person has waited for its report.
    if (signal.aborted) throw error;
    notFetched = error;
  }
  if (isSample) problems.push(...checkSampleRun(manifest, options));
  const [first, second] = loaded;
  if (first !== undefined && second !== undefined) problems.push(...checkLoads(first, second));

  screen.print(`\n${await renderRun(manifest, readItems(store, runId), screen)}\n`);
  if (looks > 0) {
    const times = looks === 1 ? 'once' : `${looks} times`;
    const then = manifest.forced ? 'called it again each time, and at last forced it' : 'called it again';
    screen.print(`The gatekeeper threw NotReadyError ${times}, and Step Functions ${then}.`);
  }
  if (isSample && problems.length === 0 && notFetched === undefined)
    screen.print('Every landed object has the same bytes as its source.');
  if (warehouse !== undefined && first !== undefined && second !== undefined) {
    screen.print(`\nIn the warehouse, a stand-in for Redshift:\n\n${loadTable(first, second)}\n`);
    screen.print('How queries of a generated week wait there ("sluice wlm"; the page is wlm.html):\n');
    await showQueues(warehouse, join(out, 'wlm.html'), screen);
    screen.print('');
  }
  screen.print(`Files: ${relative(process.cwd(), out) || '.'}/ (objects/, output/, run/report.html)`);
  sayAlerts(await alerts());
  // The state machine of the runs has the name of the stack.
  const stackName = outputs.StateMachineArn.split(':').at(-1) ?? '';
  screen.print(spendText(dollars, await dollarsADay(aws, stackName)));
  for (const object of notCopied) screen.print(`In the bucket only: ${oneLine(object)}`);
  for (const problem of problems) screen.print(`Problem: ${problem}`);
  if (notFetched !== undefined) {
    screen.say(problemText(explain(notFetched), screen.paintBeside));
    const where = options.keep
      ? 'They are in the embedded AWS.'
      : '"npm start -- --keep" keeps them in the embedded AWS.';
    screen.say(`Not all objects are in ${relative(process.cwd(), out) || '.'}/. ${where}`);
  }
  screen.print(lastWord(manifest, screen, { withRetry: options.keep }));
  if (options.keep) await keepRunning(aws, store.bucket, options, out, signal);
  const refused = refusalsIn(await readRequests(aws.requestsFile));
  if (problems.length > 0 || refused.length > 0 || notFetched !== undefined) return EXIT.failed;
  return isSample ? EXIT.complete : EXIT[manifest.outcome];
}

/** Prints the requests that IAM refused, however the run has ended. AWS would refuse them too. */
async function sayRefusals(aws: EmbeddedAws): Promise<void> {
  for (const refusal of refusalsIn(await readRequests(aws.requestsFile))) process.stderr.write(`Problem: ${refusal}\n`);
}

/** With `alerts.email` or `alerts.topic`, a deployment sends these alerts to a person. */
function sayAlerts(alerts: readonly string[]): void {
  screen.print(
    alerts.length === 0
      ? 'With alerts on, Sluice would have sent no alert.'
      : 'With alerts on, Sluice would have sent these alerts (docs/operations.md says what to do):',
  );
  for (const alert of alerts) screen.print(`  ${oneLine(alert)}`);
}

function given({ urls, process: processor }: LocalOptions) {
  return { sources: urls.map((url) => ({ url })), ...(processor !== undefined && { process: processor }) };
}

/** @returns how often the gatekeeper threw NotReadyError. */
async function execute(
  clients: { s3: S3Client; sfn: SFNClient },
  outputs: StackOutputs,
  run: { runId: string; input: Record<string, unknown>; signal: AbortSignal; say: (line: string) => void },
): Promise<number> {
  const { StateMachineArn: stateMachineArn, BucketName: bucket, ClusterName: cluster } = outputs;
  await clients.sfn.send(
    new StartExecutionCommand({ stateMachineArn, name: run.runId, input: JSON.stringify(run.input) }),
  );
  let looks = 0;
  let summary = '';
  const { end, planned } = await followRun(clients, executionArnOf({ stateMachineArn, bucket, cluster }, run.runId), {
    pollSeconds: 0.5,
    signal: run.signal,
    // Without a terminal, each text is a line of its own, so only changes are printed.
    onProgress: (progress) => {
      if (process.stdout.isTTY) return run.say(progress.lines().join('\n'));
      if (progress.summary !== summary) run.say(progress.summary);
      summary = progress.summary;
    },
    onEvent: ({ kind }) => {
      if (kind === 'not-ready') looks += 1;
    },
  });
  // If the run failed after Plan, its manifest says why.
  if (planned === undefined) throw new LocalRunError(end);
  return looks;
}

async function keepRunning(
  aws: EmbeddedAws,
  bucket: string,
  options: LocalOptions,
  out: string,
  signal: AbortSignal,
): Promise<void> {
  await writeLocalAws(aws.client);
  await writeShellFile(aws, { ...SYNTH_ENV, SLUICE_BUCKET: bucket });
  try {
    screen.print('\nThe embedded AWS keeps running until Ctrl-C. In another terminal, in this folder:');
    screen.print('  npx sluice runs --local\n  npx sluice backfill nightly --from 2026-11-01 --to 2026-11-03 --local');
    if (options.redshift) screen.print('  npx sluice wlm --local');
    screen.print('Your own programs and CDK apps can use it too. First run this in their shell:');
    screen.print(`  . ${relative(process.cwd(), SHELL_FILE)}`);
    if (!signal.aborted) await once(signal, 'abort');
    screen.print(`\nThe embedded AWS is stopped. The fetched files are in ${relative(process.cwd(), out) || '.'}/.`);
  } finally {
    await removeLocalAws(aws.client);
    await removeShellFile(aws);
  }
}

async function dropOldLogs(): Promise<void> {
  const folder = join(STATE, 'logs');
  const runs = (await readdir(folder)).toSorted((one, other) =>
    one.replace(/^\D+/, '').localeCompare(other.replace(/^\D+/, '')),
  );
  for (const run of runs.slice(0, -KEPT_LOGS)) await rm(join(folder, run), { recursive: true, force: true });
}
