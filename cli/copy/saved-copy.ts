import { createHash } from 'node:crypto';
import { access, constants, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { redactUrl } from '#net/redact.ts';
import * as z from '#net/zod.ts';
import { codeOf } from '#run/problem/problem.ts';
import { type TransferState, transferStateSchema } from '#transfer/index.ts';
import { CommandError } from '../command-error.ts';
import { explain } from '../explain.ts';
import { existingFolder, makeFolder } from '../input/make-folder.ts';
import type { CopyJob } from './s3-destination.ts';

const savedSchema = z.strictObject({
  v: z.literal(1),
  /** For a person who opens the file. Without credentials and query values. */
  url: z.string(),
  object: z.string(),
  uploadId: z.string(),
  /** Missing if the source comes in one stream: such an upload can only be aborted. */
  state: z.optional(transferStateSchema),
});
export type Saved = z.infer<typeof savedSchema>;
/** All that is needed to abort an upload. */
const uploadSchema = z.object({ uploadId: z.string().check(z.minLength(1)) });

/**
 * The folder with the records of interrupted copies: `$XDG_STATE_HOME/sluice/copies`, by default below
 * `~/.local/state`.
 */
export function copiesFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment.XDG_STATE_HOME ?? '';
  // The specification of these folders ignores a relative path, which would be another folder in each directory.
  return join(isAbsolute(home) ? home : join(homedir(), '.local/state'), 'sluice/copies');
}

/**
 * Checks that the folder for the records can be made, without making it.
 *
 * @throws CommandError if it can't.
 */
export async function checkCopiesFolder(folder: string): Promise<void> {
  try {
    await access(await existingFolder(folder), constants.W_OK);
  } catch (error) {
    throw unusable(folder, error);
  }
}

/** @throws CommandError if the folder can't be made. */
export async function makeCopiesFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder, 0o700);
  } catch (error) {
    throw unusable(folder, error);
  }
}

/**
 * The record of one copy that has not ended: a small JSON file, named after the object and a hash of source, endpoint
 * and object. It contains no credentials. With it the next call, or another program of the same user, can continue the
 * upload.
 */
export class SavedCopy {
  readonly #job: CopyJob;
  readonly #folder: string;
  readonly file: string;
  /** A record that is being written. A kill may leave it, with an upload that no other file names. */
  readonly #fresh: string;
  /** The file whose lock a process holds while it copies. */
  readonly lockFile: string;
  /** The upload of this copy. Another process with the same command may have replaced the file with its own. */
  #uploadId: string | undefined;

  /** @param endpoint distinguishes two S3 servers that have a bucket with the same name. */
  constructor(folder: string, job: CopyJob, endpoint: string) {
    this.#job = job;
    this.#folder = folder;
    const hash = createHash('sha256')
      .update(JSON.stringify([job.url, endpoint, job.bucket, job.key]))
      .digest('hex');
    const name = basename(job.key)
      .replaceAll(/[^\w.-]/g, '_')
      .slice(0, 100);
    this.file = join(folder, `${name}-${hash.slice(0, 16)}.json`);
    this.#fresh = `${this.file}.new`;
    this.lockFile = join(folder, `${name}-${hash.slice(0, 16)}.lock`);
  }

  /**
   * Reads the record, also one whose process was killed while it wrote.
   *
   * @returns undefined if nothing is saved; `damaged` if the file names no upload. Without `state`, the upload can only be aborted: the source comes
   * in one stream, another version of Sluice has written the file, or the file is damaged.
   */
  async read(): Promise<Pick<Saved, 'uploadId' | 'state'> | 'damaged' | undefined> {
    // Otherwise the process was killed before it had written all of it.
    const isWhole = typeof (await this.#savedIn(this.#fresh)) === 'object';
    if (isWhole) await this.#giveName();
    const saved = await this.#savedIn(this.file);
    this.#uploadId = typeof saved === 'object' ? saved.uploadId : undefined;
    return saved;
  }

  async #giveName(): Promise<void> {
    try {
      await rename(this.#fresh, this.file);
    } catch (error) {
      throw unusable(this.#folder, error);
    }
  }

  async #savedIn(file: string): Promise<Pick<Saved, 'uploadId' | 'state'> | 'damaged' | undefined> {
    const text = await this.#text(file);
    if (text === undefined) return undefined;
    const saved = readSaved(text);
    if (saved === undefined) return 'damaged';
    if (saved.state === undefined) return saved;
    const { bucket, key, uploadId } = saved.state;
    const fits = bucket === this.#job.bucket && key === this.#job.key && uploadId === saved.uploadId;
    return fits ? saved : { uploadId: saved.uploadId };
  }

  async #text(file: string): Promise<string | undefined> {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unusable(this.#folder, error);
    }
  }

  /** Replaces the file as a whole, so that a crash leaves the old one or the new one. */
  async write(uploadId: string, state?: TransferState): Promise<void> {
    const { url, bucket, key } = this.#job;
    const saved: Saved = {
      v: 1,
      url: redactUrl(new URL(url)),
      object: `s3://${bucket}/${key}`,
      uploadId,
      ...(state && { state }),
    };
    this.#uploadId = uploadId;
    try {
      await makeFolder(this.#folder, 0o700);
      await writeFile(this.#fresh, JSON.stringify(saved), { mode: 0o600 });
      await this.#giveName();
    } catch (error) {
      await rm(this.#fresh, { force: true }).catch(() => {});
      throw error instanceof CommandError ? error : unusable(this.#folder, error);
    }
  }

  /** Removes the file, unless another process has replaced it: that process needs it after an interruption. */
  async remove(): Promise<void> {
    const saved = await this.#savedIn(this.file);
    if (typeof saved === 'object' && saved.uploadId !== this.#uploadId) return;
    try {
      for (const file of [this.file, this.#fresh]) await rm(file, { force: true });
    } catch (error) {
      throw unusable(this.#folder, error);
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of this path is a file, not a folder',
  ENOENT: 'the system creates no folder there',
};

function unusable(folder: string, cause: unknown): CommandError {
  const why = REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? explain(cause).detail;
  return new CommandError(
    codeOf(cause) ?? 'file-permission',
    `the state of copies can't be kept in ${folder}: ${why}`,
    {
      cause,
      mend: 'set XDG_STATE_HOME to a folder that you can write to',
    },
  );
}

/** @returns undefined if the text names no upload. */
function readSaved(text: string): Pick<Saved, 'uploadId' | 'state'> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A crash of the machine may have cut the text off, and the upload is named near its beginning.
    json = { uploadId: /"uploadId":"([^"\\]+)"/.exec(text)?.[1] };
  }
  return savedSchema.safeParse(json).data ?? uploadSchema.safeParse(json).data;
}
