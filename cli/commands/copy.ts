import { S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { redactUrl } from '#net/redact.ts';
import { bytesText, countText, secondsText } from '#run/quantities.ts';
import type { IfExists, Progress, Source } from '#transfer/index.ts';
import { type Copied, copyOne } from '../copy/copy-one.ts';
import { guardFor } from '../copy/guard-for.ts';
import { headersOf } from '../copy/headers-of.ts';
import { type CopyJob, copyJobs } from '../copy/s3-destination.ts';
import { copiesFolder } from '../copy/saved-copy.ts';
import { EXIT } from '../exit-code.ts';
import { explain } from '../explain.ts';
import { textOfFile } from '../input/file-error.ts';
import { problemSentence } from '../screen/problem-text.ts';
import { Rate } from '../screen/rate.ts';
import type { Screen } from '../screen/screen.ts';
import { UsageError } from '../usage-error.ts';

export interface CopyCommand {
  /** The URLs, and as the last argument the place in S3. */
  readonly args: readonly string[];
  readonly from?: string;
  readonly header?: readonly string[];
  readonly ifExists: IfExists;
  readonly expectSha256?: string;
  readonly expectMd5?: string;
  readonly allowUnprovenEnd?: boolean;
  readonly maxGib?: number;
  readonly connections: number;
  readonly filesAtOnce: number;
  readonly openRange?: readonly string[];
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly pathStyle?: boolean;
  readonly json?: boolean;
}

const GIB = 1_073_741_824;
/** The interval at which progress is drawn on a terminal. */
const DRAW_MILLISECONDS = 250;
/** The interval at which progress is written without a terminal. */
const PLAIN_MILLISECONDS = 5_000;

interface Outcome {
  readonly job: CopyJob;
  readonly copied?: Copied;
  readonly error?: unknown;
}

/**
 * `sluice copy`: copies URLs into S3 with the engine, without a deployment.
 *
 * @returns the exit code: complete; partial if some failed; failed if all did.
 * @throws UsageError before it sends any request.
 */
export async function copy(command: CopyCommand, screen: Screen, signal: AbortSignal): Promise<number> {
  const jobs = await jobsOf(command);
  const headers = headersOf(command.header ?? []);
  const { guard, client, endpoint } = await ends(command, jobs);
  const progress = new CopyProgress(jobs, screen);
  const options = {
    client,
    endpoint,
    folder: copiesFolder(),
    ifExists: command.ifExists,
    transfer: {
      connections: command.connections,
      guard,
      ...(command.maxGib !== undefined && { maxBytes: Math.floor(command.maxGib * GIB) }),
    },
    signal,
  };
  let outcomes: Outcome[];
  try {
    outcomes = await pMap(
      jobs,
      async (job): Promise<Outcome> => {
        try {
          const onProgress = (so: Progress) => progress.at(job, so);
          const copied = await copyOne(job, sourceOf(job, command, headers), { ...options, onProgress });
          progress.end(job);
          report({ job, copied }, command, screen);
          return { job, copied };
        } catch (error) {
          // The signal ends all copies; an interrupted copy stays for the next call.
          if (signal.aborted) throw error;
          progress.end(job);
          report({ job, error }, command, screen);
          return { job, error };
        }
      },
      { concurrency: command.filesAtOnce, stopOnError: false },
    );
  } catch (error) {
    if (signal.aborted) {
      screen.say(
        'Interrupted. Run the same command again: it continues after the stored parts, or starts again if the source has no ranges.',
      );
      return EXIT.interrupted;
    }
    throw error;
  } finally {
    progress.stop();
    client.destroy();
  }
  return exitCode(outcomes);
}

async function jobsOf({ args, from }: CopyCommand): Promise<CopyJob[]> {
  const target = args.at(-1);
  const typed = args.slice(0, -1);
  if (target === undefined)
    throw new UsageError('"sluice copy" takes one URL or more, and a place in S3: s3://bucket/key');
  const listed = from === undefined ? [] : (await textOfFile(from, '--from')).split(/\r\n|\n|\r/);
  const urls = [...typed, ...listed.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))];
  if (urls.length === 0)
    throw new UsageError('"sluice copy" takes one URL or more before the place in S3, or --from FILE');
  return copyJobs(urls, target);
}

function sourceOf(job: CopyJob, command: CopyCommand, headers: Record<string, string>): Source {
  const { expectSha256: sha256, expectMd5: md5, allowUnprovenEnd } = command;
  return {
    url: job.url,
    headers,
    ...((sha256 !== undefined || md5 !== undefined) && { expect: { sha256, md5 } }),
    ...(allowUnprovenEnd === true && { allowUnprovenEnd }),
  };
}

async function ends(command: CopyCommand, jobs: readonly CopyJob[]) {
  if (jobs.length > 1 && (command.expectSha256 !== undefined || command.expectMd5 !== undefined))
    throw new UsageError('--expect-sha256 and --expect-md5 are for one file: give only one URL');
  const guard = guardFor(
    jobs.map(({ url }) => url),
    command.openRange ?? [],
  );
  const { endpoint } = command;
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new UsageError(`--endpoint ${JSON.stringify(endpoint)} is not an http or https URL`);
  // The SDK's error for a wrong profile does not name it; `explain` takes the name from here.
  if (command.profile !== undefined) process.env.AWS_PROFILE = command.profile;
  const own = command.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const client = new S3Client({
    ...(command.endpoint !== undefined && { endpoint: command.endpoint }),
    ...(command.region !== undefined && { region: command.region }),
    ...(command.profile !== undefined && { profile: command.profile }),
    // A server other than AWS has no host name for each bucket.
    forcePathStyle: command.pathStyle ?? own !== undefined,
    followRegionRedirects: true,
  });
  return { guard, client, endpoint: own ?? 'aws' };
}

function report({ job, copied, error }: Outcome, { json }: CopyCommand, screen: Screen): void {
  const object = `s3://${job.bucket}/${job.key}`;
  if (json === true) {
    const failure = error === undefined ? {} : { problem: explain(error) };
    screen.print(
      JSON.stringify({
        url: redactUrl(job.url),
        object,
        ...(copied && { ...copied.landed, resumedBytes: copied.resumedBytes }),
        ...failure,
      }),
    );
    return;
  }
  if (copied === undefined) {
    const words = problemSentence(explain(error)).replace(`${object}: `, '');
    screen.say(`${screen.paintBeside('bad', 'failed')}  ${object}: ${words}`);
    return;
  }
  const { landed, resumedBytes } = copied;
  const words = [
    bytesText(landed.bytes),
    ...(landed.status === 'landed' ? [secondsText(landed.seconds), `proven by ${landed.proofs.held.join(', ')}`] : []),
    ...(resumedBytes > 0 ? [`${bytesText(resumedBytes)} of it sent by an earlier call`] : []),
  ];
  screen.print(`${screen.paint('good', landed.status)}  ${object}  ${words.join(', ')}`);
  for (const note of landed.notes) screen.say(`  note: ${note}`);
}

function exitCode(outcomes: readonly Outcome[]): number {
  const failed = outcomes.filter(({ error }) => error !== undefined).length;
  if (failed === 0) return EXIT.complete;
  return failed === outcomes.length ? EXIT.failed : EXIT.partial;
}

/** The display while copies are under way: a line for each copy, and one for all. */
class CopyProgress {
  readonly #screen: Screen;
  readonly #jobs: number;
  readonly #under = new Map<CopyJob, Progress>();
  readonly #rate = new Rate();
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #ended = 0;
  #endedBytes = 0;

  constructor(jobs: readonly CopyJob[], screen: Screen) {
    this.#screen = screen;
    this.#jobs = jobs.length;
    this.#timer = setInterval(() => this.#draw(), screen.isLive ? DRAW_MILLISECONDS : PLAIN_MILLISECONDS);
    this.#draw();
  }

  at(job: CopyJob, progress: Progress): void {
    this.#under.set(job, progress);
  }

  end(job: CopyJob): void {
    this.#endedBytes += this.#under.get(job)?.bytes ?? 0;
    this.#under.delete(job);
    this.#ended += 1;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#screen.clear();
  }

  #draw(): void {
    const under = [...this.#under];
    const bytes = under.reduce((sum, [, so]) => sum + so.bytes, this.#endedBytes);
    this.#rate.add(bytes);
    const speed = this.#rate.bytesPerSecond;
    const total = under.reduce<number | undefined>(
      (sum, [, so]) => (sum === undefined || so.total === undefined ? undefined : sum + so.total),
      this.#endedBytes,
    );
    const left =
      total !== undefined && speed !== undefined && speed > 0 && under.length > 0 ? (total - bytes) / speed : undefined;
    const all = [
      this.#jobs > 1 ? `${this.#ended} of ${countText(this.#jobs, 'file')}` : undefined,
      total === undefined || under.length === 0 ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(total)}`,
      speed === undefined ? 'connecting' : `${bytesText(speed)}/s`,
      left === undefined ? undefined : `about ${secondsText(left)} left`,
      `${secondsText((performance.now() - this.#started) / 1_000)} so far`,
    ]
      .filter((word) => word !== undefined)
      .join(', ');
    const lines = under.map(([{ key }, so]) => `  ${share(so)}  ${key}`);
    this.#screen.progress([...lines.slice(0, 8), all], all);
  }
}

function share({ bytes, total }: Progress): string {
  return total === undefined || total === 0
    ? bytesText(bytes).padStart(6)
    : `${Math.floor((bytes / total) * 100)} %`.padStart(6);
}
