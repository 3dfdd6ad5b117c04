import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { ItemLine } from '#run/end/manifest.ts';
import { codeOf } from '#run/problem/problem.ts';
import { bytesText } from '#run/quantities.ts';
import { CommandError } from '../command-error.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { fileError } from '../input/file-error.ts';
import { makeFolder } from '../input/make-folder.ts';
import type { Mistakes } from '../input/mistakes.ts';
import { checkNewFile } from '../input/output-file.ts';
import { outputFiles } from '../report/output-files.ts';
import { readItems, readManifest } from '../report/read-run.ts';
import type { CommandContext } from './command.ts';

export interface GetOptions {
  /** Get the outputs of the processor instead of the landed object. */
  readonly outputs?: boolean;
  /** A file, a folder for outputs, or `-` for standard output. */
  readonly to?: string;
}

/** @throws UsageError, CommandError, with all that is wrong with the command line. */
export async function prepareGet({ outputs, to }: GetOptions, mistakes: Mistakes): Promise<void> {
  await mistakes.all(async () => {
    if (to !== undefined && to !== '-' && outputs !== true) await checkNewFile(to, '--to');
  });
}

/**
 * `sluice get`: downloads an item's landed object, or the outputs of its processor. With `--json`, it prints the item's
 * records instead.
 *
 * @throws CommandError if the run has no such item, the item has nothing to download, or a file exists already.
 */
export async function get(context: CommandContext, run: string, wanted: string, options: GetOptions): Promise<number> {
  const { store, screen, json } = context;
  const runId = runIdOf(run);
  await readManifest(store, runId);
  const item = await findItem(context, runId, wanted);
  if (json) {
    screen.print(JSON.stringify(item));
    return EXIT.complete;
  }
  const { landed, result } = item;
  if (options.outputs === true) {
    if (result === undefined || result.outputs.length === 0)
      throw new CommandError('no-outputs', `${item.name} has no outputs in run ${runId}`);
    for (const [key, file] of outputFiles(result.outputs.map(({ key }) => key))) {
      await fetchObject(context, store.bucket, key, join(options.to ?? '.', file));
    }
    return EXIT.complete;
  }
  if (landed === undefined) {
    const { status, failure } = item;
    const why = failure === undefined ? status : `${failure.problem.code}: ${failure.problem.detail}`;
    throw new CommandError('item-not-landed', `${item.name} has not landed in run ${runId} (${why})`);
  }
  if (options.to === '-') {
    const { Body } = await store.client.send(new GetObjectCommand({ Bucket: landed.bucket, Key: landed.key }));
    await pipeline(Body as Readable, process.stdout, { end: false });
    return EXIT.complete;
  }
  await fetchObject(context, landed.bucket, landed.key, options.to ?? basename(landed.key));
  return EXIT.complete;
}

async function findItem({ store }: CommandContext, runId: string, wanted: string): Promise<ItemLine> {
  const near: string[] = [];
  for await (const line of readItems(store, runId)) {
    if (line.item === wanted || line.name === wanted) return line;
    if (line.name.endsWith(`/${wanted}`) && near.length < 5) near.push(line.name);
  }
  throw new CommandError(
    'no-such-item',
    `run ${runId} has no item ${JSON.stringify(wanted)}`,
    near.length === 0 ? {} : { mend: `did you mean ${near.join(', ')}?` },
  );
}

async function fetchObject({ s3, screen, signal }: CommandContext, bucket: string, key: string, file: string) {
  await makeFolder(dirname(file)).catch((cause: unknown) => {
    throw fileError(cause, dirname(file), '--to');
  });
  const { Body, ContentLength = 0 } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  try {
    await pipeline(Body as Readable, createWriteStream(file, { flags: 'wx' }), { signal });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CommandError('file-exists', `${file} exists already`, { cause });
    }
    // An incomplete file would look complete.
    await rm(file, { force: true });
    throw codeOf(cause) === undefined ? cause : fileError(cause, file);
  }
  screen.print(`${file}  ${bytesText(ContentLength)}`);
}
