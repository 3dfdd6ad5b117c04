import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { SourceForbiddenError } from '#net/errors.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { redactUrl } from '#net/redact.ts';
import { shortText } from '#net/short-text.ts';
import { PermanentError } from '../contract/permanent-error.ts';
import { canonicalUrl, sameSite } from './canonical-url.ts';
import { type Answer, fetchPage, PageUnreachableError } from './fetch-page.ts';
import { PageTooDeepError, type ParsedPage, parsePage } from './parse-page.ts';
import { productToken, type Robots, readRobots } from './robots.ts';
import { forbidsFollowing } from './robots-tag.ts';

/** One line of the output. */
export interface PageRecord {
  readonly url: string;
  /** The distance from the start page, in links. */
  readonly depth: number;
  /** Null if there was no answer. */
  readonly status: number | null;
  readonly title: string | null;
  readonly textLength: number;
  readonly links: readonly string[];
  readonly linkCount: number;
  readonly bytes: number;
  /** The page was longer than the limit, and the rest was not read. */
  readonly truncated: boolean;
  readonly contentType: string | null;
  readonly redirectedTo: string | null;
  readonly error: string | null;
  readonly fetchedAt: string;
}

export interface CrawlOptions {
  readonly maxPages: number;
  readonly maxDepth: number;
  readonly delaySeconds: number;
  readonly maxPageBytes: number;
  readonly timeoutSeconds: number;
  readonly userAgent: string;
  readonly dispatcher: Dispatcher;
  readonly sourceGuard: SourceGuard;
  readonly signal: AbortSignal;
}

/** A scrape can't begin with the start page: it does not exist, is not HTML, or redirects to another site. */
export class StartPageError extends PermanentError {
  override readonly name = 'StartPageError';
}

/** The start page failed in a way that may be temporary. */
export class StartPageUnavailableError extends Error {
  override readonly name = 'StartPageUnavailableError';
}

/** robots.txt forbids robots to fetch the start page. */
export class DisallowedByRobotsError extends PermanentError {
  override readonly name = 'DisallowedByRobotsError';
}

/** The counts of a crawl, besides the pages that it yielded. */
export type CrawlCounts = {
  disallowed: number;
  offSite: number;
  /** Links that were not followed because of the depth or the page limit. */
  left: number;
};

/**
 * Walks through a site breadth first from its start page, one request at a time with a pause before each.
 *
 * Endless sites end at `maxPages`: every request for a page counts, redirects and failures too. The queue never
 * contains more links than can still be fetched.
 *
 * @returns the pages in the order in which they were fetched. It throws only errors that make the whole crawl useless.
 */
export async function* crawl(start: string, options: CrawlOptions, counts: CrawlCounts): AsyncGenerator<PageRecord> {
  const robotsOf = new Map<string, Robots>();
  const queue: { url: string; depth: number }[] = [{ url: start, depth: 0 }];
  const seen = new Set([start]);
  let pages = 0;
  /** Whether a page has been read. Before that, every redirect is one of the start page. */
  let begun = false;
  let delaySeconds = 0;

  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { url, depth } = next;
    const { origin } = new URL(url);
    const robots = robotsOf.get(origin) ?? (await readRobots(origin, options));
    robotsOf.set(origin, robots);
    if (!robots.allows(url)) {
      // This applies also if the start page only redirects to this URL.
      if (!begun)
        throw new DisallowedByRobotsError(`robots.txt of ${origin} forbids robots to fetch ${redactUrl(url)}`);
      counts.disallowed++;
      continue;
    }
    delaySeconds = Math.max(options.delaySeconds, robots.crawlDelaySeconds);
    await sleep(delaySeconds * 1_000, undefined, { signal: options.signal });

    const { record, onward } = await visit(url, depth, options);
    if (!begun) begun = checkStart(record, start, seen);
    pages++;
    yield record;

    for (const link of onward) {
      if (seen.has(link.url)) continue;
      if (!sameSite(link.url, start) || forbids(() => options.sourceGuard.checkUrl(new URL(link.url))))
        counts.offSite++;
      else if (link.depth > options.maxDepth || pages + queue.length >= options.maxPages) counts.left++;
      else {
        seen.add(link.url);
        queue.push(link);
      }
    }
  }
  if (!begun) throw new StartPageError(`${redactUrl(start)} needs more redirects than maxPages allows`);
}

async function visit(
  url: string,
  depth: number,
  options: CrawlOptions,
): Promise<{ record: PageRecord; onward: { url: string; depth: number }[] }> {
  const fetchedAt = new Date().toISOString();
  try {
    const answer = await fetchPage(url, { ...options, maxBytes: options.maxPageBytes, wants: isHtml });
    const redirect = answer.status >= 300 && answer.status < 400 ? answer.location : undefined;
    const target = redirect === undefined ? undefined : canonicalUrl(redirect, url);
    const refusal = target && forbids(() => options.sourceGuard.checkRedirect(new URL(url), new URL(target)));
    const page = answer.body.length > 0 ? await parsePage(answer.body, url, answer.contentType) : undefined;
    const unread =
      answer.undecodable && `its Content-Encoding is ${shortText(answer.undecodable, 40)}, which can't be read here`;
    const follows = !forbidsFollowing(answer.robotsTags, productToken(options.userAgent));
    return {
      record: recordOf(url, depth, fetchedAt, answer, page, redirect, refusal ?? unread),
      onward:
        target !== undefined
          ? refusal === undefined
            ? [{ url: target, depth }]
            : []
          : (follows ? (page?.followable ?? []) : []).map((link) => ({ url: link, depth: depth + 1 })),
    };
  } catch (error) {
    // A page that can't be parsed is handled like a page that doesn't answer.
    if (!(error instanceof PageUnreachableError || error instanceof PageTooDeepError)) throw error;
    return { record: recordOf(url, depth, fetchedAt, undefined, undefined, undefined, error.message), onward: [] };
  }
}

/** Returns why the guard forbids a request, or undefined if the guard permits it. */
function forbids(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceForbiddenError)) throw error;
    return error.message;
  }
}

function recordOf(
  url: string,
  depth: number,
  fetchedAt: string,
  answer: Answer | undefined,
  page: ParsedPage | undefined,
  redirectedTo: string | undefined,
  error?: string,
): PageRecord {
  return {
    url,
    depth,
    status: answer?.status ?? null,
    title: page?.title ?? null,
    textLength: page?.textLength ?? 0,
    links: page?.links ?? [],
    linkCount: page?.linkCount ?? 0,
    bytes: answer?.body.length ?? 0,
    truncated: answer?.truncated ?? false,
    contentType: answer?.contentType ?? null,
    redirectedTo: redirectedTo ?? null,
    error: error ?? null,
    fetchedAt,
  };
}

/**
 * Checks the answer for the start page, or for the URL that the start page redirected to.
 *
 * @param seen every URL that was requested or will be.
 * @returns whether it is a page; false for a redirect to another page of the site.
 */
function checkStart(record: PageRecord, start: string, seen: ReadonlySet<string>): boolean {
  const { status, redirectedTo, error } = record;
  const where =
    record.url === start ? redactUrl(start) : `${redactUrl(start)} redirects to ${redactUrl(record.url)}, which`;
  const says = (words: string) => `${where} ${words}`;
  if (status === null) throw new StartPageUnavailableError(error ?? says("doesn't answer"));
  if (status >= 500 || status === 429) throw new StartPageUnavailableError(says(`answers ${status}`));
  if (redirectedTo !== null) {
    const target = canonicalUrl(redirectedTo, record.url);
    if (target === undefined || !sameSite(target, start)) {
      throw new StartPageError(
        says(`redirects to another site, ${redactUrl(redirectedTo)}: start there if you mean that site`),
      );
    }
    if (error !== null) throw new StartPageError(says(`redirects, and the scraper does not follow: ${error}`));
    if (seen.has(target)) throw new StartPageError(says(`redirects in a circle, to ${redactUrl(target)}`));
    return false;
  }
  if (status !== 200) throw new StartPageError(says(`answers ${status}`));
  if (error !== null) throw new StartPageError(says(`can't be read: ${error}`));
  if (!isHtml(record.contentType ?? '')) {
    throw new StartPageError(says(`is not HTML but ${record.contentType === '' ? 'of no type' : record.contentType}`));
  }
  return true;
}

function isHtml(contentType: string): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(contentType);
}
