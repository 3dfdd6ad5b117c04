import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { runKeys } from '#run/keys.ts';
import { newRunId } from '../deployment/run-id.ts';
import { executionInput } from '../input/execution-input.ts';
import { bytesOfFile, textOfFile } from '../input/file-error.ts';
import { Mistakes } from '../input/mistakes.ts';
import { type LocalList, type PlannedNow, plannedNow } from '../input/planned-now.ts';
import type { CommandContext } from './command.ts';
import { checkRunName, inputText, type StartOptions, startRun } from './start-run.ts';

export interface RunOptions extends StartOptions {
  readonly urls: readonly string[];
  /** The key for a single URL. */
  readonly key?: string;
  /** A prefix for the keys of all URLs. */
  readonly to?: string;
  /** A list of sources on this machine. */
  readonly from?: string;
  /** An execution input as JSON; `-` is standard input. */
  readonly input?: string;
  readonly process?: string;
  readonly onLate?: string;
}

/** A run's input, checked as far as possible without AWS, and its list. */
export interface PreparedRun {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly list: LocalList | undefined;
  /** What Plan would make from it now. */
  readonly planned: PlannedNow;
}

/**
 * Makes the input of `sluice run` and checks it, before any request to AWS.
 *
 * @param mistakes what is wrong with the command line already.
 * @throws UsageError, InvalidInputError, with all problems.
 */
export async function prepareRun(options: RunOptions, mistakes = new Mistakes()): Promise<PreparedRun> {
  const { urls, key, to, from, input: file, process: processor, onLate } = options;
  if (key !== undefined && urls.length !== 1)
    mistakes.add('--key is only for one URL: for several URLs, use --to with a prefix');
  if (key !== undefined && to !== undefined) mistakes.add('--key and --to exclude each other: remove one of them');
  const isBoth = from !== undefined && (urls.length > 0 || file !== undefined);
  if (isBoth) mistakes.add('--from names all sources of the run: remove the URLs and --input');
  const newName = () => (options.name === undefined ? newRunId('run') : checkRunName(options.name));
  const name = (await mistakes.of(newName)) ?? newRunId('run');
  const body = from === undefined ? undefined : await mistakes.of(() => bytesOfFile(from, '--from'));
  const list = from === undefined || body === undefined ? undefined : { key: listKey(name, from), body };
  const base = await mistakes.of(() => (file === '-' ? text(process.stdin) : file && textOfFile(file, '--input')));
  const givenList = list && { name: basename(from ?? ''), body: list.body };
  // A key for several URLs was reported, and does not make these URLs wrong.
  const oneKey = urls.length === 1 ? key : undefined;
  const ofOptions = () =>
    executionInput({
      sources: urls.map((url) => ({ url, ...keyFor(url, oneKey, to) })),
      ...(list && !isBoth && { sourcesFrom: { key: list.key } }),
      ...(base !== undefined && { base }),
      ...(processor !== undefined && { process: processor }),
      ...(onLate !== undefined && { onLate }),
    });
  const input = await mistakes.of(ofOptions);
  // The lines of a list are checked beside a wrong option, too.
  const checked = input ?? (list && { sourcesFrom: { key: list.key } });
  const planned = checked && (await mistakes.of(() => plannedNow(checked, isBoth ? undefined : givenList)));
  if (input !== undefined) await mistakes.of(() => inputText(input));
  await mistakes.all();
  if (input === undefined || planned === undefined) throw new Error('a run without an input has no mistake');
  return { name, input, list, planned };
}

/** `sluice run`: uploads the list if there is one, starts the run, and watches it unless detached. */
export async function run(context: CommandContext, { name, input, list }: PreparedRun, options: StartOptions) {
  if (list !== undefined) {
    const { client, bucket } = context.store;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: list.key, Body: list.body }));
    context.screen.say(`The list is s3://${bucket}/${list.key}.`);
  }
  return startRun(context, input, name, options);
}

function keyFor(url: string, key: string | undefined, to: string | undefined): { key?: string } {
  if (key !== undefined) return { key };
  const parsed = URL.parse(url);
  // What is not a URL is reported as that.
  if (to === undefined || parsed === null) return {};
  const last = parsed.pathname.split('/').at(-1) ?? '';
  return { key: `${to.replace(/\/?$/, '/')}${safeDecode(last)}` };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The list is stored with the records of its run, so that it expires with them. It keeps the ending that shows its
 * format.
 */
function listKey(runId: string, file: string): string {
  const ending = /(\.(jsonl|ndjson|csv|tsv|txt))?(\.gz)?$/i.exec(file)?.[0] ?? '';
  const root = runKeys(runId).plan.replace(/plan\.jsonl$/, '');
  return `${root}sources${ending.toLowerCase() || '.txt'}`;
}
