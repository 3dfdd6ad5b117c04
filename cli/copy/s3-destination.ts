import { redactUrl } from '#net/redact.ts';
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

/** A URL as a person gave it. */
export interface GivenUrl {
  readonly url: string;
  /** The line of a list, such as `urls.txt, line 3`; undefined for an argument. */
  readonly place?: string;
}

/** A place in S3, parsed. */
export interface Target {
  readonly bucket: string;
  /** A key, a prefix that ends in `/`, or nothing. */
  readonly path: string;
}

/**
 * Gives each URL its object.
 *
 * A target that ends in `/`, has no key, or is for several URLs is a prefix: the object's name is then the end of the
 * URL's path.
 *
 * @param target undefined if the target itself is wrong: then only the URLs are checked.
 * @throws UsageError with all problems: an invalid URL, a URL without a name, an invalid key, two URLs for one key.
 */
export function copyJobs(urls: readonly GivenUrl[], target: Target | undefined): CopyJob[] {
  const { bucket, path } = target ?? { bucket: 'BUCKET', path: '' };
  const isPrefix = path === '' || path.endsWith('/') || urls.length > 1;
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
  const problems: string[] = [];
  const wrongPath = path === '' ? undefined : anyKeyProblem(isPrefix ? `${prefix}name` : path);
  if (wrongPath !== undefined)
    problems.push(`${quoted(`s3://${bucket}/${path}`)} can't be used: a key ${wrongPath}; give another one`);
  const seen = new Map<string, GivenUrl>();
  const jobs = urls.flatMap((given) => {
    const { url, place } = given;
    const report = (problem: string) => problems.push(place === undefined ? problem : `${place}: ${problem}`);
    const problem = urlProblem(url);
    if (problem !== undefined) {
      report(problem);
      return [];
    }
    const name = objectName(undefined, url);
    if (isPrefix && name === undefined) {
      const how =
        urls.length > 1
          ? `copy it by itself to a whole key, s3://${bucket}/KEY`
          : `give the whole key, s3://${bucket}/${path}KEY`;
      if (target !== undefined) report(`${quoted(url)} has no file name at the end of its path: ${how}`);
      return [];
    }
    const key = isPrefix ? `${prefix}${name}` : path;
    // A place that is wrong by itself is reported once, not for each URL.
    const wrong = wrongPath === undefined ? anyKeyProblem(key) : isPrefix && name !== undefined && anyKeyProblem(name);
    if (wrong)
      report(
        `${quoted(key)}, the key for ${quoted(url)}, can't be used: a key ${wrong}; change the place in S3 or the URL`,
      );
    const other = seen.get(key);
    if (other !== undefined) report(sameKey(other, url, `s3://${bucket}/${key}`, target !== undefined));
    seen.set(key, given);
    return [{ url, bucket, key }];
  });
  if (problems.length > 0) throw new UsageError(problems);
  return jobs;
}

function sameKey(other: GivenUrl, url: string, object: string, isKnown: boolean): string {
  const before = other.place === undefined ? '' : ` (${other.place})`;
  if (other.url === url) return `${quoted(url)} is named twice${before}: name it once`;
  const where = isKnown ? object : 'objects with the same key';
  return `${quoted(other.url)}${before} and ${quoted(url)} would both be stored as ${where}: copy one of them to another place`;
}

/** @returns undefined if the text is an http or https URL. */
export function urlProblem(text: string): string | undefined {
  // The URL parser drops tabs and line ends, and would read "http://h/a.csv<tab>b" as one other URL.
  if (/[\s\p{Cc}]/u.test(text))
    return `${quoted(text.replace(/\/\/[^/@]*@/, '//').replace(/\?.*/s, '?…'), false)} contains white space or a control character, and a URL has none: give each URL a line of its own without a comment, and write %20 for a space`;
  if (text.startsWith('s3://'))
    return `${quoted(text)} is a place in S3, not a source: a source is an http or https URL`;
  const url = URL.parse(text);
  if (url === null && /^https?:/i.test(text)) return `${quoted(text)} is not a valid URL: correct its host or port`;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return undefined;
  return `${quoted(text)} is not a URL of the web: such a URL begins with http:// or https://`;
}

/**
 * @param text `s3://bucket/key` or `s3://bucket/prefix/`.
 * @throws UsageError
 */
export function parseTarget(text: string): Target {
  const [, bucket, path = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === undefined) {
    throw new UsageError(
      `${quoted(text)} is not a place in S3: the last argument has the form s3://bucket/key or s3://bucket/prefix/`,
    );
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new UsageError(
      `${quoted(text)} names no possible bucket: the name of a bucket has 3 to 63 lower-case letters, digits, dots and dashes, and begins and ends with a letter or digit`,
    );
  }
  return { bucket, path };
}

/** A URL may contain a password or a token, and the output of a command may become a log. */
function quoted(text: string, redacts = /^https?:/i.test(text) && URL.canParse(text)): string {
  return JSON.stringify(cut(redacts ? redactUrl(text) : text, 200));
}
