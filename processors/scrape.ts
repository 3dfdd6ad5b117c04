import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import * as z from 'zod';
import { guardedAgent } from '#net/dial/guarded-http.ts';
import { redactUrl } from '#net/redact.ts';
import { PermanentError } from './contract/permanent-error.ts';
import { defineProcessor, type Json } from './contract/processor.ts';
import { canonicalUrl } from './scrape/canonical-url.ts';
import { type CrawlCounts, crawl } from './scrape/crawl.ts';

/** What a `scrape` finds out about a site; the pages themselves are in its output `pages.jsonl`. */
export type ScrapeResult = CrawlCounts & {
  start: string;
  /** Pages asked for, and how many of them gave no answer, an error status or what can't be read. */
  pages: number;
  failed: number;
  /** Bytes of the pages that were read. */
  bytes: number;
};

/** The item's input names no URL to start from. */
export class NoStartUrlError extends PermanentError {
  override readonly name = 'NoStartUrlError';
}

const inputSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }) });

/**
 * Follows the links of one site from a start page, politely, and writes a line of JSON a page to `pages.jsonl`: url,
 * depth, status, title, text length, links, when it was fetched.
 *
 * For work items: `{ "processor": "scrape", "input": { "url": "https://example.org/" }, "options": { "maxPages": 50 } }`.
 *
 * It keeps to robots.txt with its Crawl-delay, `nofollow`, `Retry-After` and a pause between requests, one request at a
 * time; takes HTML only, sends no cookies or credentials, and leaves the site neither by links nor by redirects.
 */
export const scrape = defineProcessor({
  name: 'scrape',
  options: z.strictObject({
    /** Requests for pages in all, which is what ends an endless site. */
    maxPages: z.int().min(1).max(10_000).default(100),
    /** Links away from the start page. */
    maxDepth: z.int().min(0).max(100).default(5),
    /** The pause before each request; a longer Crawl-delay wins. */
    delaySeconds: z.number().min(0).max(3_600).default(1),
    /** What is read of one page; the rest isn't looked at. */
    maxPageBytes: z.int().min(1_024).max(16_777_216).default(2_097_152),
    /** For one answer, from dialling to its last byte. */
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
