// @module-tag heavy

import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { testProcessor } from '#processors/contract/testing.ts';
import type { PageRecord } from '#processors/scrape/crawl.ts';
import { htmlText } from '#processors/scrape/html-text.ts';
import { PageTooDeepError, parsePage } from '#processors/scrape/parse-page.ts';
import { scrape } from '#processors/scrape.ts';
import { LOOPBACK } from '../helpers/loopback-guard.ts';
import { startWeb, type Web } from '../helpers/web.ts';

const MIB = 1_048_576;
const parse = (html: string) => parsePage(Buffer.from(html), 'https://example.org/');
const filled = (piece: string) => piece.repeat(Math.ceil(MIB / piece.length));

describe('a page of a mebibyte that was made to be expensive', () => {
  // Parsers that walk through a stack or a list for each tag need minutes for these pages, or similar ones.
  it.each(['<b>', '<b><p>', '<a href=x>', '<div>', '<font x><div>', '<svg><desc>', '<table><tr><td>'])(
    'a page with elements that are nested too deep is not read: %s repeated',
    async (piece) => {
      await expect(parse(filled(piece))).rejects.toThrow(PageTooDeepError);
    },
  );

  it.each([
    ['attributes', `<a ${Array.from({ length: 130_000 }, (_, n) => `a${n}=b`).join(' ')} href="/1">`, 1],
    ['tags that close nothing', `${'<b>'.repeat(990)}${filled('</i>')}<a href="/1">`, 1],
    ['paragraphs that cross others', `${filled('<p></b></i>')}<a href="/1">`, 1],
    ['options', `${filled('<select><option>')}<a href="/1">`, 1],
    ['opening brackets', `${filled('<')}<a href="/1">`, 1],
    ['ampersands', `${filled('&')}<a href="/1">`, 1],
    ['half entities', `${filled('&lt&am;')}<a href="/1">`, 1],
    ['comments that do not end', filled('<!--'), 0],
    ['an attribute that does not end', `<a href="${filled('x')}`, 0],
    ['white space', `${filled(' ')}<a href="/1">`, 1],
    ['distinct links', Array.from({ length: 40_000 }, (_, n) => `<a href="/${n}">x</a>`).join(''), 40_000],
  ])('a page that is expensive to parse is read: %s', async (_name, html, links) => {
    const page = await parse(html);
    expect(page.linkCount).toBe(links);
    expect(page.links.length).toBeLessThanOrEqual(1_000);
  });
});

describe('a site that was made to be expensive', () => {
  let web: Web | undefined;
  afterEach(() => web?.stop());

  /** Goes on for as long as somebody reads. */
  function pour(response: ServerResponse, piece: (n: number) => string): void {
    let n = 0;
    const more = () => {
      while (!response.destroyed && response.write(piece(n++)));
    };
    response.on('drain', more);
    more();
  }

  async function scraped(options: object): Promise<PageRecord[]> {
    const { outputs } = await testProcessor(scrape, {
      input: { url: `${web?.url}/` },
      options: { delaySeconds: 0, ...options },
      sourceGuard: LOOPBACK,
    });
    const lines = outputs.get('pages.jsonl')?.content.toString().trimEnd().split('\n') ?? [];
    return lines.map((line) => JSON.parse(line) as PageRecord);
  }

  it('a site with links without end on each page costs only the allowed pages and bytes', async () => {
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'text/html' });
      pour(response, (n) => `<a href="${request.url}${n}/">x</a>`.repeat(50));
    });
    const pages = await scraped({ maxPages: 4, maxPageBytes: 65_536 });
    expect(pages).toHaveLength(4);
    for (const page of pages) {
      expect(page).toMatchObject({ status: 200, truncated: true, bytes: 65_536 });
      expect(page.links.length).toBeLessThanOrEqual(1_000);
    }
    // robots.txt, and the four.
    expect(web.requests).toHaveLength(5);
  });

  it('a page that is nested too deep is recorded as an error, and the other pages are scraped', async () => {
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'text/html' });
      if (request.url === '/') return void response.end('<a href="/deep">1</a><a href="/good">2</a>');
      response.end(request.url === '/deep' ? filled('<b>') : '<title>good</title>');
    });
    const pages = await scraped({});
    expect(pages.map(({ status, title, error }) => ({ status, title, error }))).toEqual([
      { status: 200, title: null, error: null },
      { status: null, title: null, error: expect.stringContaining('deeper than 1000 levels') },
      { status: 200, title: 'good', error: null },
    ]);
  });

  it.each(['100000', '1e9', 'Infinity'])('a site with a Crawl-delay of %s is not scraped', async (delay) => {
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.end(`User-agent: *\nCrawl-delay: ${delay}\n`);
      response.writeHead(200, { 'content-type': 'text/html' }).end('x');
    });
    await expect(scraped({})).rejects.toMatchObject({ name: 'DisallowedByRobotsError' });
    expect(web.requests).toEqual(['GET /robots.txt']);
  });

  it('a site with a robots.txt of rules that match slowly is still scraped', async () => {
    const rules = Array.from({ length: 5_000 }, (_, n) => `Disallow: /${'*a'.repeat(20)}${n}$`).join('\n');
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(200).end(`User-agent: *\n${rules}\n`);
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<a href="/${'a'.repeat(2_000)}">x</a>`);
    });
    expect(await scraped({ maxPages: 2 })).toHaveLength(2);
  });
});

it.each([
  ['text/html; charset=windows-1251', Buffer.from([0xcf]), 'П'],
  ['text/html;charset="KOI8-R"', Buffer.from([0xc1]), 'а'],
  ["text/html; a=b; Charset='shift_jis'; c=d", Buffer.from([0x93, 0xfa]), '日'],
  ['text/html; charset=no-such', Buffer.from('ü'), 'ü'],
  ['text/html; charset=iso-8859-1', Buffer.from('\ufeffü'), 'ü'],
  [
    'text/html; charset=gbk',
    Buffer.concat([Buffer.from('<meta charset=utf-8>'), Buffer.from([0xc4, 0xe3])]),
    '<meta charset=utf-8>你',
  ],
])(
  'a page with the content type %s is read in that encoding, unless a byte order mark differs',
  (type, bytes, text) => {
    expect(htmlText(bytes, type)).toBe(text);
  },
);

describe('a page that was made to block the event loop', () => {
  // Before, they took 3 to 36 s during which no other task, such as a heartbeat, could run.
  it.each([
    ['a long base', `<base href="/${'b'.repeat(MIB)}/">${'<a href="x">x</a>'.repeat(60_000)}`],
    ['links that repeat', '<a href="/same">x</a>'.repeat(400_000)],
    ['long links', `<a href="/${'x'.repeat(4_000)}">x</a>`.repeat(4_000)],
    ['links without end', Array.from({ length: 600_000 }, (_, n) => `<a href=${n}>x</a>`).join('')],
    ['tags that close nothing', `${'<b>'.repeat(990)}${'</i>'.repeat(2_000_000)}`],
  ])('a long page lets other tasks run after each 64 KiB: %s', async (_name, html) => {
    let turns = 0;
    let isParsing = true;
    const other = () => {
      turns += 1;
      if (isParsing) setImmediate(other);
    };
    setImmediate(other);
    await parsePage(Buffer.from(html), 'https://example.org/');
    isParsing = false;
    expect(turns).toBeGreaterThanOrEqual(html.length / 65_536);
  });

  it('links are resolved against the URL of the page if its base is too long', async () => {
    const { links } = await parse(`<base href="/${'b'.repeat(MIB)}/"><a href="x">x</a>`);
    expect(links).toEqual(['https://example.org/x']);
  });
});

describe('the text of a page', () => {
  it.each([
    ['a byte order mark', Buffer.from('\ufeffsüß'), 'süß'],
    ['UTF-16 with its mark', Buffer.from('\ufeffsüß', 'utf16le'), 'süß'],
    ['what it states', Buffer.from('<meta charset=iso-8859-2>\xb1', 'latin1'), '<meta charset=iso-8859-2>ą'],
    ['what it states the old way', Buffer.from('<meta content="text/html; charset=koi8-r">\xc1', 'latin1'), /а$/],
    ['UTF-8 where it states none', Buffer.from('süß'), 'süß'],
    ['Windows-1252 where that is none', Buffer.from('s\xfc\xdf \x80', 'latin1'), 'süß €'],
    ['UTF-8 where it states what does not exist', Buffer.from('<meta charset=no-such>ü'), /ü$/],
    ['no more than what a comment does not hide', Buffer.from('<!-- <meta charset=koi8-r> -->ü'), /ü$/],
    ['no charset of a description', Buffer.from('<meta name=description content="charset=koi8-r">ü'), /ü$/],
    ['what its XML declaration states', Buffer.from('<?xml version="1.0" encoding="koi8-r"?>\xc1', 'latin1'), /а$/],
    ['UTF-8 where its last character is cut', Buffer.from('süß').subarray(0, -1), 'sü'],
    ['UTF-8 where it states UTF-16 in ASCII', Buffer.from('<meta charset=utf-16>ü'), /ü$/],
  ])('the text of a page is read as %s', (_name, bytes, text) => {
    expect(htmlText(bytes)).toMatch(typeof text === 'string' ? new RegExp(`^${text}$`) : text);
  });
});
