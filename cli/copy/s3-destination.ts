import { cut } from '#net/short-text.ts';
import { anyKeyProblem } from '#run/input/key-problem.ts';
import { objectName } from '#transfer/index.ts';
import { UsageError } from '../usage-error.ts';

/** Where `sluice copy` stores one URL. */
export interface CopyJob {
  readonly url: string;
  readonly bucket: string;
  readonly key: string;
}

/**
 * Gives each URL its object.
 *
 * A target that ends in `/`, has no key, or is for several URLs is a prefix: the object's name is then the end of the
 * URL's path.
 *
 * @param target `s3://bucket/key` or `s3://bucket/prefix/`.
 * @throws UsageError with all problems: an invalid S3 URL as target, an invalid URL, a URL without a name, an invalid
 * key, two URLs for one key.
 */
export function copyJobs(urls: readonly string[], target: string): CopyJob[] {
  const { bucket, path } = parseTarget(target);
  const isPrefix = path === '' || path.endsWith('/') || urls.length > 1;
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const jobs = urls.flatMap((url) => {
    const problem = urlProblem(url);
    if (problem !== undefined) {
      problems.push(problem);
      return [];
    }
    const name = objectName(undefined, url);
    if (isPrefix && name === undefined) {
      problems.push(`${quoted(url)} has no file name at the end of its path: give the whole key, s3://${bucket}/…`);
      return [];
    }
    const key = isPrefix ? `${prefix}${name}` : path;
    const wrong = anyKeyProblem(key);
    if (wrong !== undefined) problems.push(`${quoted(key)}, the key for ${quoted(url)}, can't be used: a key ${wrong}`);
    const other = seen.get(key);
    if (other === url) problems.push(`${quoted(url)} is named twice: name it once`);
    else if (other !== undefined)
      problems.push(`${quoted(other)} and ${quoted(url)} would both be stored as s3://${bucket}/${key}`);
    seen.set(key, url);
    return [{ url, bucket, key }];
  });
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return jobs;
}

/** @returns undefined if the text is an http or https URL. */
export function urlProblem(text: string): string | undefined {
  // The URL parser drops tabs and line ends, and would read "http://h/a.csv<tab>b" as one other URL.
  if (/[\s\p{Cc}]/u.test(text))
    return `${quoted(text)} contains white space or a control character, and a URL has none: give each URL a line of its own without a comment, and write %20 for a space`;
  if (!URL.canParse(text)) return `${quoted(text)} is not a URL: a URL begins with http:// or https://`;
  const { protocol } = new URL(text);
  if (protocol === 'http:' || protocol === 'https:') return undefined;
  return `${quoted(text)} is not an http or https URL`;
}

function parseTarget(target: string): { bucket: string; path: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(target);
  if (match?.[1] === undefined) {
    throw new UsageError(
      `${quoted(target)} is not a place in S3: the last argument has the form s3://bucket/key or s3://bucket/prefix/`,
    );
  }
  return { bucket: match[1], path: match[2] ?? '' };
}

function quoted(text: string): string {
  return JSON.stringify(cut(text, 200));
}
