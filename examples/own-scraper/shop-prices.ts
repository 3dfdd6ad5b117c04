import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomUtils, parseDocument } from 'htmlparser2';
import { defineProcessor, PermanentError, type ProcessorContext, requestUrl } from 'sluice/processors';
import * as z from 'zod';

const inputSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }) });

/**
 * Reads the price list of a shop, page by page, and writes a line of JSON for each product. The shop has agreed to
 * this. For sites that have not agreed, use the built-in processor `scrape`, which obeys robots.txt.
 */
export const shopPrices = defineProcessor({
  name: 'shop-prices',
  options: z.strictObject({ delaySeconds: z.number().min(0).default(1), maxPages: z.int().min(1).default(500) }),
  async process({ input, options }, context) {
    const parsed = inputSchema.safeParse(input);
    if (!parsed.success)
      throw new PermanentError(`the work needs "input": { "url": … }: ${z.prettifyError(parsed.error)}`);
    let pages = 0;
    let products = 0;
    async function* lines() {
      for (let next: string | undefined = parsed.data?.url; next !== undefined && pages < options.maxPages; ) {
        if (pages++ > 0) await sleep(options.delaySeconds * 1_000, undefined, { signal: context.signal });
        const page = readPage(await fetchHtml(next, context), next);
        for (const product of page.products) yield `${JSON.stringify({ ...product, page: next })}\n`;
        products += page.products.length;
        context.progress({ pages, products });
        next = page.next;
      }
    }
    // The output appears after the last page was read. If a page fails, there is no output.
    await pipeline(lines, context.output('prices.jsonl', 'application/x-ndjson'));
    if (products === 0) throw new PermanentError('there is no product on the pages: has the shop changed them?');
    return { pages, products };
  },
});

async function fetchHtml(url: string, context: ProcessorContext): Promise<string> {
  const { status, body } = await requestUrl(context, url);
  const html = await text(body);
  if (status === 200) return html;
  const message = `${url} answered ${status}`;
  // After a PermanentError, the item fails at once. After any other error, Sluice tries it again later.
  throw status === 404 || status === 410 ? new PermanentError(message) : new Error(message);
}

function readPage(html: string, url: string) {
  const document = parseDocument(html);
  const products = DomUtils.getElementsByTagName('article', document).flatMap((article) => {
    const [name] = DomUtils.getElementsByTagName('h2', article);
    const [price] = DomUtils.getElementsByTagName('data', article);
    const value = Number(price?.attribs.value);
    return name === undefined || !Number.isFinite(value)
      ? []
      : [{ name: DomUtils.textContent(name).trim(), price: value }];
  });
  const next = DomUtils.findOne(({ name, attribs }) => name === 'a' && attribs.rel === 'next', document.children);
  return { products, next: next?.attribs.href === undefined ? undefined : new URL(next.attribs.href, url).href };
}
