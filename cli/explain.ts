import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { CATALOGUE, type Code, isCode } from '#run/problem/catalogue.ts';
import { codeOf, type Problem, problemOf } from '#run/problem/problem.ts';

/**
 * Explains an error to the person who typed a command: what happened to which thing, and what to do. A stack trace, or
 * a library's message about its own internals, does not help this person.
 *
 * @param run the run that the command works on, for the commands that the problem names.
 */
export function explain(error: unknown, run?: string): Problem {
  const { message = '', errors, cause } = (error ?? {}) as Partial<AggregateError>;
  // The host has several addresses, and no address answered.
  const inner = errors?.[0] ?? cause;
  if (message === '' && inner !== undefined) return explain(inner, run);
  const code = byMessage(error) ?? codeOf(error);
  // S3 could not be reached. The reason for that says more than the number of attempts.
  if (code === 'storage-failed' && codeOf(cause) !== undefined) {
    const why = explain(cause, run);
    const object = /^s3:\/\/\S+(?=: )/.exec(message)?.[0];
    return object === undefined ? why : { ...why, detail: `${object}: ${why.detail}` };
  }
  const detail = code === undefined ? undefined : detailFor(code, error);
  const about = detail === undefined ? error : { name: (error as Error).name, message: detail, code };
  return problemOf(about, run === undefined ? {} : { run });
}

/** Recognises problems that the names of errors don't distinguish. */
function byMessage(error: unknown): Code | undefined {
  const { name = '', message = '' } = (error ?? {}) as Partial<Error>;
  if (/region is missing/i.test(message)) return 'no-region';
  if (name === 'CredentialsProviderError' && profileOf(message) !== undefined) return 'wrong-profile';
  // A child process, such as the deploy, reports a full disk in its own language.
  if (/ENOSPC|no space left on device/i.test(message)) return 'disk-full';
  return message === 'UnknownError' ? 'no-reason' : undefined;
}

/** A disk with less free space than this counts as full. */
const LEAST_FREE_BYTES = 1_048_576;

/** Finds out which disk is full, if possible. */
function fullDisk(path: string | undefined): string {
  for (const folder of [...(path === undefined ? [] : [dirname(path)]), tmpdir(), process.cwd()]) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      if (bavail * bsize < LEAST_FREE_BYTES) return `the disk of ${folder} is full`;
    } catch {
      // This disk can't be checked; the next one may be the full one.
    }
  }
  return path === undefined ? 'the disk is full' : `${path}: the disk is full`;
}

/** The status is all that an answer without a body says; HeadObject's answers have none. */
function statusText(error: unknown): string {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === undefined ? '' : ` (HTTP ${$metadata.httpStatusCode})`;
}

function profileOf(message: string): string | undefined {
  return /profile:? \[?"?([^\]"\s]+)/i.exec(message)?.[1] ?? process.env.AWS_PROFILE;
}

/** What an error of the system or of Node says about its place. */
interface Place {
  readonly path?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
}

/**
 * Returns our own message if the one of the SDK, of Node or of the system is for programmers; undefined if the error
 * already has our message.
 */
function detailFor(code: Code, error: unknown): string | undefined {
  const { name, message, code: systemCode, path, hostname, address, port } = error as NodeJS.ErrnoException & Place;
  const { title, foreign = [] } = CATALOGUE[code];
  const sentence = title.startsWith('AWS') ? title : `${title.charAt(0).toLowerCase()}${title.slice(1)}`;
  // The error has a code of our own, so its message is ours too.
  if (isCode(systemCode)) return undefined;
  switch (code) {
    case 'no-region':
      return sentence;
    case 'no-reason':
      return `${sentence}${statusText(error)}`;
    case 'disk-full':
      return fullDisk(path);
    case 'wrong-profile':
      return `the AWS profile ${JSON.stringify(profileOf(message))} gives no credentials`;
  }
  if (!foreign.includes(name) && !foreign.includes(String(systemCode))) return undefined;
  switch (code) {
    case 'access-denied':
      // The message of AWS names the role, the action and the resource.
      return `AWS does not permit the request: ${message}`;
    case 'no-answer':
      return `nothing answers at ${address === undefined ? (hostname ?? 'the endpoint') : `${address}:${port}`}`;
    case 'untrusted-certificate':
      return `${sentence}: ${message.replace(/; if the root CA is installed locally.*/, '')}`;
    case 'unknown-host':
      return `the host ${hostname ?? 'of the endpoint'} is not known`;
    default:
      return path === undefined ? sentence : `${path}: ${sentence}`;
  }
}
