import type { S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { redactUrl } from '#net/redact.ts';
import { bytesText, secondsText } from '#run/quantities.ts';
import type { IfExists, Progress, Source } from '#transfer/index.ts';
import { isRegion } from '#transfer/s3/small/place.ts';
import { credentialsOf, regionOf } from '../copy/aws-settings.ts';
import { copyClient } from '../copy/copy-client.ts';
import { type Copied, copyOne } from '../copy/copy-one.ts';
import { CopyProgress } from '../copy/copy-progress.ts';
import { guardFor } from '../copy/guard-for.ts';
import { headersOf } from '../copy/headers-of.ts';
import { type CopyJob, copyJobs, type GivenUrl, parseTarget } from '../copy/s3-destination.ts';
import { checkCopiesFolder, copiesFolder, makeCopiesFolder } from '../copy/saved-copy.ts';
import { EXIT } from '../exit-code.ts';
import { explain } from '../explain.ts';
import { textOfFile } from '../input/file-error.ts';
import type { Mistakes } from '../input/mistakes.ts';
import { problemSentence } from '../screen/problem-text.ts';
import type { Screen } from '../screen/screen.ts';

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

interface Outcome {
  readonly job: CopyJob;
  readonly copied?: Copied;
  readonly error?: unknown;
}

/** A copy whose arguments are checked. */
export interface PreparedCopy {
  readonly command: CopyCommand;
  readonly jobs: readonly CopyJob[];
  readonly headers: Record<string, string>;
  readonly guard: SourceGuard;
  readonly client: S3Client;
  /** The endpoint of the S3 server, as its user names it. */
  readonly endpoint: string;
}

/**
 * Checks the arguments of `sluice copy`, the region, the credentials and the folder for its state, before any request
 * to a source or to S3.
 *
 * @throws UsageError with all problems.
 */
export async function prepareCopy(command: CopyCommand, mistakes: Mistakes): Promise<PreparedCopy> {
  const { urls, place } = await namedBy(command, mistakes);
  const target = place === undefined ? undefined : await mistakes.of(() => parseTarget(place));
  if (urls.length > 1 && (command.expectSha256 !== undefined || command.expectMd5 !== undefined))
    mistakes.add('--expect-sha256 and --expect-md5 are for one file: give only one URL');
  const [jobs, headers, guard, server] = await mistakes.all(
    () => copyJobs(urls, target),
    () => headersOf(command.header ?? []),
    () =>
      guardFor(
        urls.map(({ url }) => url),
        command.openRange ?? [],
      ),
    () => s3Of(target?.bucket, command, mistakes),
    () => checkCopiesFolder(copiesFolder()),
  );
  await makeCopiesFolder(copiesFolder());
  // It is missing only with a mistake, and then `all` has thrown.
  const { client, endpoint } = server as NonNullable<typeof server>;
  return { command, jobs, headers, guard, client, endpoint };
}

/**
 * `sluice copy`: copies URLs into S3 with the engine, without a deployment.
 *
 * @returns the exit code: complete; partial if some failed; failed if all did.
 */
export async function copy(
  { command, jobs, headers, guard, client, endpoint }: PreparedCopy,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
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
          const onProgress = (so: Progress, isContinued: boolean) => progress.at(job, so, isContinued);
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

/** The URLs and the place in S3 that the arguments and the list name. What is missing becomes a mistake. */
async function namedBy({ args, from }: CopyCommand, mistakes: Mistakes) {
  const last = args.at(-1);
  const at = args.findLastIndex((one) => one.startsWith('s3://'));
  // A person who forgets the place has a URL there, and it is checked as one.
  const isForgotten = at < 0 && last !== undefined && /^https?:/i.test(last);
  if (isForgotten)
    mistakes.add('there is no place in S3: add s3://bucket/key or s3://bucket/prefix/ as the last argument');
  else if (at >= 0 && at < args.length - 1)
    mistakes.add(`${JSON.stringify(args[at])} is not the last argument: give the place in S3 behind all URLs`);
  const placeAt = isForgotten ? -1 : at < 0 ? args.length - 1 : at;
  const typed = args.filter((_, one) => one !== placeAt).map((url) => ({ url }));
  const text = from === undefined ? '' : await mistakes.of(() => textOfFile(from, '--from'));
  const listed = (text ?? '').split(/\r\n|\n|\r/).flatMap((line, at): GivenUrl[] => {
    const url = line.trim();
    return url === '' || url.startsWith('#') ? [] : [{ url, place: `${from}, line ${at + 1}` }];
  });
  const urls: GivenUrl[] = [...typed, ...listed];
  if (urls.length === 0 && last !== undefined && text !== undefined)
    mistakes.add(
      from === undefined
        ? 'there is no URL: give one or more before the place in S3, or a list of them with --from FILE'
        : `--from ${from} names no URL: write one on each line`,
    );
  return { urls, place: args[placeAt] };
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

/**
 * Makes the client for S3. What is wrong with its options, the region or the credentials becomes a mistake, and then
 * there is no client.
 */
async function s3Of(bucket: string | undefined, command: CopyCommand, mistakes: Mistakes) {
  const { endpoint, region, profile, pathStyle } = command;
  const [name, own] = firstOf({
    '--endpoint': endpoint,
    AWS_ENDPOINT_URL_S3: process.env.AWS_ENDPOINT_URL_S3,
    AWS_ENDPOINT_URL: process.env.AWS_ENDPOINT_URL,
  });
  const isUrl = own === undefined || /^https?:$/.test(URL.parse(own)?.protocol ?? '');
  if (!isUrl)
    mistakes.add(`${name} is ${JSON.stringify(own)}, and takes an http or https URL, such as http://127.0.0.1:9000`);
  const [where, given] = firstOf({ '--region': region, AWS_REGION: process.env.AWS_REGION });
  // It becomes a part of the host name.
  const mayBeRegion = given === undefined || isRegion(given);
  if (!mayBeRegion)
    mistakes.add(`${where} is ${JSON.stringify(given)}, and takes the name of a region, such as eu-west-1`);
  // The SDK's error for a wrong profile does not name it; `explain` takes the name from here.
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  const found = mayBeRegion ? await mistakes.of(() => given ?? regionOf(profile)) : undefined;
  const credentials = await mistakes.of(() => credentialsOf(profile, found));
  if (!isUrl || found === undefined || credentials === undefined || bucket === undefined) return undefined;
  // A server other than AWS has no host name for each bucket.
  const style = { pathStyle: pathStyle ?? own !== undefined };
  const server = { endpoint: endpoint || undefined, region: found, credentials, profile, ...style };
  return { client: await copyClient(bucket, server), endpoint: own ?? 'aws' };
}

/** The first value that is set, with its name. */
function firstOf(values: Readonly<Record<string, string | undefined>>): readonly [string, string | undefined] {
  return Object.entries(values).find(([, value]) => value !== undefined && value !== '') ?? ['', undefined];
}

function report({ job, copied, error }: Outcome, { json }: CopyCommand, screen: Screen): void {
  const object = `s3://${job.bucket}/${job.key}`;
  if (json === true) {
    const failure = error === undefined ? {} : { problem: explain(error) };
    screen.print(
      JSON.stringify({
        url: redactUrl(job.url),
        object,
        ...(copied && { ...copied.landed, resumedBytes: copied.resumedBytes, readAgainBytes: copied.readAgainBytes }),
        ...failure,
      }),
    );
    return;
  }
  if (copied === undefined) {
    const words = problemSentence(explain(error));
    // Many errors name the object themselves.
    const named = words.startsWith(object) ? words : `${object}: ${words.replace(`${object}: `, '')}`;
    screen.say(`${screen.paintBeside('bad', 'failed')}  ${named}`);
    return;
  }
  const { landed, resumedBytes, readAgainBytes } = copied;
  const readAgain = readAgainBytes > 0 ? ' and read again for the hash' : '';
  const words = [
    bytesText(landed.bytes),
    ...(landed.status === 'landed' ? [secondsText(landed.seconds), `proven by ${landed.proofs.held.join(', ')}`] : []),
    ...(resumedBytes > 0 ? [`${bytesText(resumedBytes)} of it sent by an earlier call${readAgain}`] : []),
  ];
  screen.print(`${screen.paint('good', landed.status)}  ${object}  ${words.join(', ')}`);
  for (const note of landed.notes) screen.say(`  note: ${note}`);
}

function exitCode(outcomes: readonly Outcome[]): number {
  const failed = outcomes.filter(({ error }) => error !== undefined).length;
  if (failed === 0) return EXIT.complete;
  return failed === outcomes.length ? EXIT.failed : EXIT.partial;
}
