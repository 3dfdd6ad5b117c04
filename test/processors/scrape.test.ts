import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import { type TestRun, testProcessor } from '#processors/contract/testing.ts';
import type { PageRecord } from '#processors/scrape/crawl.ts';
import { type ScrapeResult, scrape } from '#processors/scrape.ts';
import { LOOPBACK } from '../helpers/loopback-guard.ts';
import { startWeb, type Web } from '../helpers/web.ts';

let web: Web | undefined;
afterEach(async () => {
  await web?.stop();
  web = undefined;
});

type Page = string | ((response: ServerResponse, request: IncomingMessage) => void);

/** A site of some pages by path; what is not there answers 404. */
async function site(pages: Record<string, Page>): Promise<Web> {
  web = await startWeb((request, response) => {
    const page = pages[request.url ?? ''];
    if (page === undefined) response.writeHead(404).end();
    else if (typeof page !== 'string') page(response, request);
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  return web;
}

const text =
  (body: string): Page =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'text/plain' }).end(body);
const redirect =
  (location: string): Page =>
  (response) =>
    void response.writeHead(302, { location }).end();

async function scraped(
  url: string,
  options: Record<string, unknown> = {},
): Promise<TestRun<ScrapeResult> & { pages: PageRecord[]; paths: string[] }> {
  const run = await testProcessor<ScrapeResult>(scrape, {
    input: { url },
    options: { delaySeconds: 0, ...options },
    sourceGuard: LOOPBACK,
  });
  const lines = run.outputs.get('pages.jsonl')?.content.toString().trimEnd().split('\n') ?? [];
  const pages = lines.map((line) => JSON.parse(line) as PageRecord);
  return { ...run, pages, paths: pages.map((page) => page.url.replace(/^http:\/\/[^/]+/, '')) };
}

describe('scrape', () => {
  it('scrape follows links of the site breadth first, each page once, and writes a line for each page', async () => {
    const { url, requests } = await site({
      '/': '<title> The  start </title><p>Two words</p><script>ignored()</script><a href="/b#x">B</a> <a href="a">A</a>',
      '/a': '<title>A</title><a href="/">back</a><a href="./c?">C</a>',
      '/b': '<title>B</title><a href="/c">C</a><a href="/b">self</a><a href="mailto:x@example.org">mail</a>',
      '/c': '<title>C</title><a href="/a">round</a>',
    });
    const { result, pages, paths } = await scraped(`${url}/`);
    expect(paths).toEqual(['/', '/b', '/a', '/c']);
    expect(requests.filter((request) => request === 'GET /robots.txt')).toHaveLength(1);
    expect(requests).toHaveLength(5);
    expect(pages[0]).toMatchObject({
      status: 200,
      depth: 0,
      title: 'The start',
      textLength: 'Two wordsB A'.length,
      links: [`${url}/b`, `${url}/a`],
    });
    expect(Date.parse(pages[0]?.fetchedAt ?? '')).not.toBeNaN();
    expect(result).toMatchObject({ start: `${url}/`, pages: 4, failed: 0, disallowed: 0 });
  });

  it('scrape does not fetch pages that robots.txt disallows, and counts them', async () => {
    const { url, requests } = await site({
      '/robots.txt': text('User-agent: sluice-test\nDisallow: /staff\n\nUser-agent: *\nDisallow: /\n'),
      '/': '<a href="/staff/1">1</a><a href="/open">open</a>',
      '/open': '<title>open</title>',
      '/staff/1': '<title>secret</title>',
    });
    const { result, paths } = await scraped(`${url}/`);
    expect(paths).toEqual(['/', '/open']);
    expect(result.disallowed).toBe(1);
    expect(requests).not.toContain('GET /staff/1');
  });

  it('scrape does not begin if robots.txt forbids the start page', async () => {
    const { url, requests } = await site({ '/robots.txt': text('User-agent: *\nDisallow: /\n'), '/': 'x' });
    const failed = scraped(`${url}/`);
    await expect(failed).rejects.toMatchObject({ name: 'DisallowedByRobotsError' });
    await expect(failed).rejects.toBeInstanceOf(PermanentError);
    expect(requests).toEqual(['GET /robots.txt']);
  });

  it.each([
    ['its own delay', '', { delaySeconds: 0.2 }, 200],
    ['the longer Crawl-delay', 'User-agent: *\nCrawl-delay: 0.4\n', { delaySeconds: 0.1 }, 400],
  ])('keeps %s between two requests', async (_name, robots, options, pauseMs) => {
    const times: number[] = [];
    const timed =
      (html: string): Page =>
      (response) => {
        times.push(Date.now());
        response.writeHead(200, { 'content-type': 'text/html' }).end(html);
      };
    const { url } = await site({
      '/robots.txt': text(robots),
      '/': timed('<a href="/1">1</a><a href="/2">2</a>'),
      '/1': timed(''),
      '/2': timed(''),
    });
    await scraped(`${url}/`, options);
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(pauses).toHaveLength(2);
    // Timers may be a millisecond early; a pause can't be shorter for any other reason.
    for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(pauseMs - 2);
  });

  it('scrape stays on the site: follows neither links nor redirects to other sites', async () => {
    let visits = 0;
    const other = await startWeb((_request, response) => {
      visits++;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>elsewhere</title>');
    });
    try {
      const { url } = await site({
        '/': `<a href="${other.url}/page">out</a><a href="/away">away</a><a href="http://user:pass@127.0.0.1/x">creds</a>`,
        '/away': redirect(`${other.url}/landing`),
      });
      const { result, pages, paths } = await scraped(`${url}/`);
      expect(paths).toEqual(['/', '/away']);
      expect(pages[0]?.links).toContain(`${other.url}/page`);
      expect(pages[1]).toMatchObject({ status: 302, redirectedTo: `${other.url}/landing` });
      expect(result.offSite).toBe(2);
      expect(visits).toBe(0);
      await expect(scraped(`${url}/away`)).rejects.toMatchObject({ name: 'StartPageError' });
      expect(visits).toBe(0);
    } finally {
      await other.stop();
    }
  });

  it('scrape ends on an endless site, at the page limit', async () => {
    web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      const n = Number(request.url?.slice(1));
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(Array.from({ length: 50 }, (_, k) => `<a href="/${n * 50 + k + 1}">${k}</a>`).join(''));
    });
    const { result } = await scraped(`${web.url}/0`, { maxPages: 20, maxDepth: 100 });
    expect(result.pages).toBe(20);
    expect(result.left).toBe(20 * 50 - 19);
    expect(web.requests).toHaveLength(21);
  });

  it('scrape ends on redirects in a circle', async () => {
    const { url } = await site({ '/': '<a href="/x">x</a>', '/x': redirect('/y'), '/y': redirect('/x') });
    expect((await scraped(`${url}/`)).paths).toEqual(['/', '/x', '/y']);
  });

  it.each([
    ['to itself', { '/': redirect('/') }],
    ['to itself by another spelling', { '/': redirect('/#top') }],
    ['in a circle', { '/': redirect('/x'), '/x': redirect('/y'), '/y': redirect('/') }],
    ['to a page that redirects to itself', { '/': redirect('/x'), '/x': redirect('/x') }],
    ['to what is gone', { '/': redirect('/gone') }],
    ['to what is no HTML', { '/': redirect('/text'), '/text': text('x') }],
  ])('fails on a start page that redirects %s', async (_name, pages) => {
    const { url } = await site(pages);
    await expect(scraped(`${url}/`)).rejects.toMatchObject({ name: 'StartPageError' });
  });

  it('scrape fails on a start page that redirects to a page that robots.txt forbids, and follows a permitted redirect', async () => {
    const { url } = await site({
      '/robots.txt': text('User-agent: *\nDisallow: /private\n'),
      '/': redirect('/private'),
      '/moved': redirect('/here'),
      '/here': '<title>here</title>',
    });
    await expect(scraped(`${url}/`)).rejects.toMatchObject({ name: 'DisallowedByRobotsError' });
    expect((await scraped(`${url}/moved`)).paths).toEqual(['/moved', '/here']);
    await expect(scraped(`${url}/moved`, { maxPages: 1 })).rejects.toMatchObject({ name: 'StartPageError' });
  });

  it('scrape follows a Location in raw UTF-8 as browsers do', async () => {
    const { url } = await site({
      '/': redirect(Buffer.from('/\u00fc.html').toString('latin1')),
      '/%C3%BC.html': '<title>found</title>',
    });
    expect((await scraped(`${url}/`)).paths).toEqual(['/', '/%C3%BC.html']);
  });

  const packed: [string, (text: string) => Buffer][] = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['gzip, br', (html) => brotliCompressSync(gzipSync(html))],
    ['identity', (html) => Buffer.from(html)],
    ['', (html) => Buffer.from(html)],
  ];
  it.each(packed)(
    'scrape reads pages and robots.txt with the Content-Encoding %j, although it requests none',
    async (coding, pack) => {
      const send =
        (type: string, body: string): Page =>
        (response) =>
          void response.writeHead(200, { 'content-type': type, 'content-encoding': coding }).end(pack(body));
      const { url } = await site({
        '/robots.txt': send('text/plain', 'User-agent: *\nDisallow: /private/\n'),
        '/': send('text/html', '<title>T</title><a href="/a">a</a><a href="/private/x">p</a>'),
        '/a': send('text/html', '<title>A</title>'),
        '/private/x': '<title>private</title>',
      });
      const { pages, paths, result } = await scraped(`${url}/`);
      expect(paths).toEqual(['/', '/a']);
      expect(pages.map(({ title }) => title)).toEqual(['T', 'A']);
      expect(result.disallowed).toBe(1);
    },
  );

  it.each(['compress', 'aws-chunked', 'gzip, gzip, gzip', 'constructor'])(
    "scrape does not scrape a site whose robots.txt is encoded as %s, and reports that a page can't be read",
    async (coding) => {
      const odd =
        (type: string): Page =>
        (response) =>
          void response.writeHead(200, { 'content-type': type, 'content-encoding': coding }).end('x');
      const { url, requests } = await site({ '/robots.txt': odd('text/plain'), '/': 'x' });
      await expect(scraped(`${url}/`)).rejects.toMatchObject({ name: 'RobotsUnreachableError' });
      expect(requests).toEqual(['GET /robots.txt']);
      await web?.stop();
      const other = await site({ '/': '<a href="/odd">o</a>', '/odd': odd('text/html'), '/start': odd('text/html') });
      const { pages, result } = await scraped(`${other.url}/`);
      expect(pages[1]).toMatchObject({ status: 200, error: expect.stringContaining(`Content-Encoding is ${coding}`) });
      expect(result.failed).toBe(1);
      await expect(scraped(`${other.url}/start`)).rejects.toMatchObject({ name: 'StartPageError' });
    },
  );

  it('scrape records a page whose encoding is broken, and reads no more of a bomb than allowed', async () => {
    const gzip =
      (body: Buffer): Page =>
      (response) =>
        void response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(body);
    const { url } = await site({
      '/': '<a href="/cut">c</a><a href="/none">n</a><a href="/bomb">b</a>',
      '/cut': gzip(gzipSync('<title>cut</title>'.repeat(100)).subarray(0, 30)),
      '/none': gzip(Buffer.from('<title>not packed</title>')),
      '/bomb': gzip(gzipSync(Buffer.alloc(50_000_000, ' '))),
    });
    const { pages } = await scraped(`${url}/`, { maxPageBytes: 10_000 });
    expect(pages.slice(1)).toMatchObject([
      { status: null, error: expect.stringContaining('unexpected end of file') },
      { status: null, error: expect.stringContaining('incorrect header check') },
      { status: 200, bytes: 10_000, truncated: true },
    ]);
  });

  it('scrape uses the charset of the Content-Type before that of the page', async () => {
    const russian = Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
    const html = Buffer.concat([
      Buffer.from('<html><head><meta charset="utf-8"><title>'),
      russian,
      Buffer.from('</title></head><body>x</body></html>'),
    ]);
    const { url } = await site({
      '/': (response) => void response.writeHead(200, { 'content-type': 'text/html; charset=windows-1251' }).end(html),
    });
    expect((await scraped(`${url}/`)).pages[0]?.title).toBe('Привет');
  });

  it.each<[string | string[], string[]]>([
    ['nofollow', ['/']],
    ['noindex, NOFOLLOW', ['/']],
    ['none', ['/']],
    ['sluice-test: nofollow', ['/']],
    [['noindex', 'otherbot: none', 'sluice-test: noindex, nofollow'], ['/']],
    ['otherbot: noindex, nofollow', ['/', '/1']],
    ['noindex, unavailable_after: 25 Jun 2010 15:00:00 PST, max-snippet: 0', ['/', '/1']],
    ['unavailable_after: 25 Jun 2010 15:00:00 PST, nofollow', ['/']],
  ])('honours X-Robots-Tag: %j', async (tag, paths) => {
    const { url } = await site({
      '/': (response) =>
        void response.writeHead(200, { 'content-type': 'text/html', 'x-robots-tag': tag }).end('<a href="/1">1</a>'),
      '/1': 'one',
    });
    expect((await scraped(`${url}/`)).paths).toEqual(paths);
  });

  it('scrape goes no deeper than allowed, and obeys nofollow', async () => {
    const { url } = await site({
      '/': '<a href="/1">1</a><a rel="external nofollow" href="/no">no</a>',
      '/1': '<a href="/2">2</a>',
      '/2': '<meta name="robots" content="noindex, nofollow"><a href="/3">3</a>',
      '/3': 'three',
    });
    expect((await scraped(`${url}/`, { maxDepth: 1 })).paths).toEqual(['/', '/1']);
    expect((await scraped(`${url}/`)).paths).toEqual(['/', '/1', '/2']);
  });

  it('scrape reads no more of a giant page, or of a giant robots.txt, than allowed', async () => {
    const endless =
      (type: string, chunk: string): Page =>
      (response) => {
        response.writeHead(200, { 'content-type': type });
        const more = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      };
    const { url } = await site({
      '/robots.txt': endless('text/plain', `# ${'x'.repeat(1_000)}\n`),
      '/': endless('text/html', '<p>and so on</p>'),
    });
    const { pages } = await scraped(`${url}/`, { maxPageBytes: 10_000 });
    expect(pages[0]).toMatchObject({ status: 200, bytes: 10_000, truncated: true });
  });

  it('scrape reads only HTML, and records errors as pages', async () => {
    const { url } = await site({
      '/': '<a href="/data.csv">csv</a><a href="/gone">gone</a><a href="/slow">slow</a><a href="/cut">cut</a>',
      '/data.csv': (response) => void response.writeHead(200, { 'content-type': 'text/csv' }).end('a,b\n'),
      '/slow': () => undefined,
      '/cut': (response) => {
        response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' }).write('<p>');
        setTimeout(() => response.destroy(), 20);
      },
    });
    const { pages, result } = await scraped(`${url}/`, { timeoutSeconds: 0.5 });
    expect(pages.map(({ status, bytes, error }) => [status, bytes, error === null])).toEqual([
      [200, pages[0]?.bytes, true],
      [200, 0, true],
      [404, 0, true],
      [null, 0, false],
      [null, 0, false],
    ]);
    expect(pages[3]?.error).toMatch('no complete answer in 0.5 s');
    expect(result.failed).toBe(3);
  });

  it('scrape waits as Retry-After asks', async () => {
    let asked = 0;
    const { url } = await site({
      '/': (response) => {
        if (++asked < 3) response.writeHead(503, { 'retry-after': '0' }).end();
        else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>now</title>');
      },
    });
    expect((await scraped(`${url}/`)).pages).toMatchObject([{ title: 'now' }]);
  });

  it.each<[string, Record<string, Page>, string, boolean]>([
    ['a start page that is gone', {}, 'StartPageError', true],
    ['a start page that fails', { '/': (r) => void r.writeHead(500).end() }, 'StartPageUnavailableError', false],
    ['a start page that is no HTML', { '/': text('hello') }, 'StartPageError', true],
    [
      'a robots.txt that fails',
      { '/': 'x', '/robots.txt': (r) => void r.writeHead(503).end() },
      'RobotsUnreachableError',
      false,
    ],
    [
      'a robots.txt elsewhere',
      { '/': 'x', '/robots.txt': redirect('http://127.0.0.2:9/') },
      'RobotsUnreachableError',
      false,
    ],
  ])('fails on %s', async (_name, pages, name, permanent) => {
    const { url } = await site(pages);
    const error = await scraped(`${url}/`).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name });
    expect(error instanceof PermanentError).toBe(permanent);
  });

  it.each([
    ['http://169.254.169.254/latest/meta-data/'],
    ['http://169.254.170.2/v2/credentials'],
    ['http://[fe80::1]/'],
    ['http://[::ffff:169.254.170.2]/'],
    ['http://[64:ff9b::a9fe:aa02]/'],
  ])('never dials %s', async (url) => {
    await expect(scraped(url)).rejects.toMatchObject({ name: 'SourceForbiddenError' });
  });

  it('scrape dials nothing in its own network unless a range is opened', async () => {
    const { url, requests } = await site({ '/': 'x' });
    const run = testProcessor(scrape, { input: { url } });
    await expect(run).rejects.toMatchObject({ name: 'SourceForbiddenError' });
    expect(requests).toEqual([]);
  });

  it.each([
    ['none', null],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['credentials', { url: 'http://a:b@c.de/' }],
  ])('refuses an input with %s', async (_name, input) => {
    await expect(testProcessor(scrape, { input })).rejects.toMatchObject({ name: 'NoStartUrlError' });
  });

  it('scrape stops in the middle of a pause when its signal aborts', async () => {
    const { url } = await site({ '/': '<a href="/1">1</a>', '/1': 'one' });
    const stop = new AbortController();
    const run = testProcessor(scrape, {
      input: { url },
      options: { delaySeconds: 3_600 },
      sourceGuard: LOOPBACK,
      signal: stop.signal,
    });
    stop.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
  });
});
