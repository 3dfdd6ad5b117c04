import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

/** The file in which `npm start -- --keep` writes how to reach its embedded AWS, as long as it runs. */
export const LOCAL_AWS_FILE = fileURLToPath(new URL('../../.sluice/local-aws.json', import.meta.url));

const localAwsSchema = z.strictObject({
  endpoint: z.url(),
  region: z.string(),
  credentials: z.strictObject({ accessKeyId: z.string(), secretAccessKey: z.string() }),
});
export type LocalAws = z.infer<typeof localAwsSchema>;

/** `--local` was given, but no local deployment is running. */
export class NoLocalRunError extends Error {
  override readonly name = 'NoLocalRunError';
}

const ANSWER_MILLISECONDS = 10_000;

/** @throws NoLocalRunError if there is no file, or a process that was killed has left it. */
export async function readLocalAws(file = LOCAL_AWS_FILE): Promise<LocalAws> {
  try {
    const aws = localAwsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    await fetch(aws.endpoint, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
    return aws;
  } catch (cause) {
    throw new NoLocalRunError('no local Sluice is running', { cause });
  }
}

/** Writes the file so that only its owner can read it: it contains the keys of the embedded AWS. */
export async function writeLocalAws(aws: LocalAws, file = LOCAL_AWS_FILE): Promise<void> {
  const { endpoint, region, credentials } = aws;
  const { accessKeyId, secretAccessKey } = credentials;
  await mkdir(dirname(file), { recursive: true });
  // Field by field, because an SDK client adds fields of its own to the object.
  const text = JSON.stringify({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await writeFile(file, text, { mode: 0o600 });
}

/** Removes the file, unless another local Sluice has written it since. */
export async function removeLocalAws({ endpoint }: Pick<LocalAws, 'endpoint'>, file = LOCAL_AWS_FILE): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text.includes(JSON.stringify(endpoint))) await rm(file, { force: true });
}
