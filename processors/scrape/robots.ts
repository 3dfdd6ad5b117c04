import { redactUrl } from '#net/redact.ts';
import { shortText } from '#net/short-text.ts';
import { canonicalUrl, sameSite } from './canonical-url.ts';
import { type FetchOptions, fetchPage, PageUnreachableError } from './fetch-page.ts';
import { parseRobots } from './robots-rules.ts';

/**
 * A site that asks for a longer pause between two requests is treated as one that forbids robots. Otherwise a worker
 * would wait until its item's time limit. Besides, Node's timers treat a delay of a month as no delay.
 */
const LONGEST_DELAY_SECONDS = 600;
/** The smallest number of bytes that RFC 9309 2.5 requires a crawler to read; later rules are ignored. */
const MAX_ROBOTS_BYTES = 500 * 1_024;
/** RFC 9309 2.3.1.2. */
const MAX_REDIRECTS = 5;

/** The rules of an origin's robots.txt for this crawler. */
export interface Robots {
  allows(url: string): boolean;
  readonly crawlDelaySeconds: number;
}

/**
 * robots.txt can't be fetched now. Then nothing is fetched from the site (RFC 9309 2.3.1.4), and the item is tried
 * again.
 */
export class RobotsUnreachableError extends Error {
  override readonly name = 'RobotsUnreachableError';
}

/**
 * Reads the robots.txt of an origin. If it does not exist (4xx), everything is allowed.
 *
 * @throws RobotsUnreachableError if the server fails (5xx, 429), doesn't answer, or redirects to another site.
 */
export async function readRobots(origin: string, options: Omit<FetchOptions, 'maxBytes' | 'wants'>): Promise<Robots> {
  const start = new URL('/robots.txt', origin).href;
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const answer = await fetchPage(url, { ...options, maxBytes: MAX_ROBOTS_BYTES, wants: () => true }).catch(
      (error: unknown) => {
        if (!(error instanceof PageUnreachableError)) throw error;
        throw new RobotsUnreachableError(
          `robots.txt can't be fetched, so nothing is fetched from the site: ${error.message}`,
          {
            cause: error,
          },
        );
      },
    );
    if (answer.status >= 300 && answer.status < 400 && answer.location !== undefined) {
      const target = canonicalUrl(answer.location, url);
      if (target === undefined || !sameSite(target, start)) {
        throw new RobotsUnreachableError(
          `${redactUrl(start)} redirects to another site, ${redactUrl(answer.location)}`,
        );
      }
      options.sourceGuard.checkRedirect(new URL(url), new URL(target));
      url = target;
      continue;
    }
    if (answer.status >= 500 || answer.status === 429) {
      throw new RobotsUnreachableError(
        `${redactUrl(url)} answers ${answer.status}, so nothing is fetched from the site`,
      );
    }
    if (answer.undecodable !== undefined) {
      throw new RobotsUnreachableError(
        `${redactUrl(url)} has the Content-Encoding ${shortText(answer.undecodable, 40)}, which can't be read here, so nothing is fetched from the site`,
      );
    }
    return rulesOf(answer.status === 200 ? answer.body.toString('utf8') : '', options.userAgent);
  }
  throw new RobotsUnreachableError(`${redactUrl(start)} redirects more than ${MAX_REDIRECTS} times`);
}

function rulesOf(text: string, userAgent: string): Robots {
  const { allows, crawlDelaySeconds } = parseRobots(text, productToken(userAgent));
  const staysAway = crawlDelaySeconds > LONGEST_DELAY_SECONDS;
  return {
    allows: (page) => {
      const { pathname, search } = new URL(page);
      return !staysAway && allows(pathname + search);
    },
    crawlDelaySeconds,
  };
}

/** Returns the name by which sites address a crawler: `Sluice/1.0 (…)` is `sluice`. */
export function productToken(userAgent: string): string {
  return userAgent.toLowerCase().replace(/[/\s].*$/s, '');
}
