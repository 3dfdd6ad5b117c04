import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import * as z from 'zod';
import { guardedAgent } from '#net/dial/guarded-http.ts';
import { redactUrl } from '#net/redact.ts';
import { PermanentError } from './contract/permanent-error.ts';
import { defineProcessor, type Json } from './contract/processor.ts';
import { canonicalUrl } from './scrape/canonical-url.ts';
import { type CrawlCounts, crawl } from './scrape/crawl.ts';

/** The result of `scrape` for a site; the pages themselves are in its output `pages.jsonl`. */
export type ScrapeResult = CrawlCounts & {
  start: string;
  /** Pages that were requested, and how many of them gave no answer, an error status or unreadable content. */
  pages: number;
  failed: number;
  /** Bytes of the pages that were read. */
  bytes: number;
};

/** The item's input contains no URL to start from. */
export class NoStartUrlError extends PermanentError {
  override readonly name = 'NoStartUrlError';
}

const inputSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }) });

/**
 * Follows the links of one site from a start page, politely, and writes a line of JSON for each page to `pages.jsonl`:
 * url, depth, status, title, text length, links, time of the request.
 *
 * For work items: `{ "processor": "scrape", "input": { "url": "https://example.org/" }, "options": { "maxPages": 50 }
 * }`.
 *
 * It obeys robots.txt with its Crawl-delay, `nofollow` and `Retry-After`, and pauses between requests, with one request
 * at a time. It reads only HTML, sends no cookies or credentials, and leaves the site neither by links nor by
 * redirects.
 */
export const scrape = defineProcessor({
  name: 'scrape',
  options: z.strictObject({
    /** Requests for pages in total. This limit ends the scrape of an endless site. */
    maxPages: z.int().min(1).max(10_000).default(100),
    /** The distance from the start page, in links. */
    maxDepth: z.int().min(0).max(100).default(5),
    /** The pause before each request. A longer Crawl-delay has priority. */
    delaySeconds: z.number().min(0).max(3_600).default(1),
    /** How many bytes of one page are read; the rest is ignored. */
    maxPageBytes: z.int().min(1_024).max(16_777_216).default(2_097_152),
    /** The time limit for one answer, from the connection to its last byte. */
    timeoutSeconds: z.number().positive().max(600).default(30),
  }),
  async process(item, context): Promise<ScrapeResult> {
    const start = startOf(item.input, item.name);
    const { sourceGuard } = context;
    const dispatcher = guardedAgent(sourceGuard, { connectSeconds: 10, connections: 1 });
    const output = context.output('pages.jsonl', 'application/x-ndjson');
    const counts: CrawlCounts = { disallowed: 0, offSite: 0, left: 0 };
    const totals = { pages: 0, failed: 0, bytes: 0 };
    try {
      const options = {
        ...item.options,
        userAgent: context.userAgent,
        dispatcher,
        sourceGuard,
        signal: context.signal,
      };
      for await (const page of crawl(start, options, counts)) {
        totals.pages++;
        totals.bytes += page.bytes;
        if (page.status === null || page.status >= 400 || page.error !== null) totals.failed++;
        if (!output.write(`${JSON.stringify(page)}\n`)) await once(output, 'drain');
        context.progress({ pages: totals.pages, of: item.options.maxPages });
      }
      output.end();
      await finished(output);
    } finally {
      await dispatcher.destroy();
    }
    return { start: redactUrl(start), ...totals, ...counts };
  },
});

function startOf(input: Json, name: string): string {
  const parsed = inputSchema.safeParse(input);
  const url = parsed.success ? canonicalUrl(parsed.data.url, parsed.data.url) : undefined;
  if (url === undefined) {
    throw new NoStartUrlError(
      `${name} takes an input such as { "url": "https://example.org/" }, http or https and without credentials`,
    );
  }
  return url;
}
