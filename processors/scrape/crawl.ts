import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { SourceForbiddenError } from '#net/errors.ts';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { redactUrl } from '#net/redact.ts';
import { PermanentError } from '../contract/permanent-error.ts';
import { canonicalUrl, sameSite } from './canonical-url.ts';
import { type Answer, fetchPage, PageUnreachableError } from './fetch-page.ts';
import { PageTooDeepError, type ParsedPage, parsePage } from './parse-page.ts';
import { type Robots, readRobots } from './robots.ts';

/** One line of the output. */
export interface PageRecord {
  readonly url: string;
  /** Links away from the start page. */
  readonly depth: number;
  /** Null where there was no answer. */
  readonly status: number | null;
  readonly title: string | null;
  readonly textLength: number;
  readonly links: readonly string[];
  readonly linkCount: number;
  readonly bytes: number;
  /** The page was longer than the limit, and what is behind it was not looked at. */
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

/** The start page can't be the beginning of anything: it is gone, is no HTML, or leads to another site. */
export class StartPageError extends PermanentError {
  override readonly name = 'StartPageError';
}

/** The start page failed in a way that may pass. */
export class StartPageUnavailableError extends Error {
  override readonly name = 'StartPageUnavailableError';
}

/** robots.txt asks robots to stay away from the start page. */
export class DisallowedByRobotsError extends PermanentError {
  override readonly name = 'DisallowedByRobotsError';
}

/** What a crawl did, beside the pages it yielded. */
export type CrawlCounts = {
  disallowed: number;
  offSite: number;
  /** Links that were not followed because of the depth or the page limit. */
  left: number;
};

/**
 * Walks a site breadth first from its start page, one request at a time with a pause before each.
 *
 * Endless sites end at `maxPages` (every request for a page counts, redirects and failures too); no more links are held
 * than could still be fetched.
 *
 * @returns the pages in the order they were fetched. Throws only for what makes the whole crawl senseless.
 */
export async function* crawl(start: string, options: CrawlOptions, counts: CrawlCounts): AsyncGenerator<PageRecord> {
  const robotsOf = new Map<string, Robots>();
  const queue: { url: string; depth: number }[] = [{ url: start, depth: 0 }];
  const seen = new Set([start]);
  let pages = 0;
  let delaySeconds = 0;

  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { url, depth } = next;
    const { origin } = new URL(url);
    const robots = robotsOf.get(origin) ?? (await readRobots(origin, options));
    robotsOf.set(origin, robots);
    if (!robots.allows(url)) {
      if (pages === 0)
        throw new DisallowedByRobotsError(`robots.txt of ${origin} asks robots to stay away from ${redactUrl(url)}`);
      counts.disallowed++;
      continue;
    }
    delaySeconds = Math.max(options.delaySeconds, robots.crawlDelaySeconds);
    await sleep(delaySeconds * 1_000, undefined, { signal: options.signal });

    const { record, onward } = await visit(url, depth, options);
    if (pages === 0) checkStart(record, start);
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
    const page = answer.body.length > 0 ? parsePage(answer.body, url) : undefined;
    return {
      record: recordOf(url, depth, fetchedAt, answer, page, redirect, refusal),
      onward:
        target !== undefined
          ? refusal === undefined
            ? [{ url: target, depth }]
            : []
          : (page?.followable ?? []).map((link) => ({ url: link, depth: depth + 1 })),
    };
  } catch (error) {
    // A page that can't be parsed is as lost as one that doesn't answer.
    if (!(error instanceof PageUnreachableError || error instanceof PageTooDeepError)) throw error;
    return { record: recordOf(url, depth, fetchedAt, undefined, undefined, undefined, error.message), onward: [] };
  }
}

/** Why the guard forbids what it is asked, undefined where it doesn't. */
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

function checkStart(record: PageRecord, start: string): void {
  const { status, redirectedTo } = record;
  if (status === null) throw new StartPageUnavailableError(record.error ?? `${redactUrl(start)} doesn't answer`);
  if (status >= 500 || status === 429) throw new StartPageUnavailableError(`${redactUrl(start)} answers ${status}`);
  if (redirectedTo !== null) {
    const target = canonicalUrl(redirectedTo, start);
    if (target !== undefined && sameSite(target, start)) return;
    throw new StartPageError(
      `${redactUrl(start)} leads to another site, ${redactUrl(redirectedTo)}: start there if that is what is meant`,
    );
  }
  if (status !== 200) throw new StartPageError(`${redactUrl(start)} answers ${status}`);
  if (!isHtml(record.contentType ?? '')) {
    throw new StartPageError(
      `${redactUrl(start)} is no HTML but ${record.contentType === '' ? 'of no type' : record.contentType}`,
    );
  }
}

function isHtml(contentType: string): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(contentType);
}
