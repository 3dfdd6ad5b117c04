import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SourceForbiddenError, SourceGuard } from '#processors/contract/index.ts';
import { requestUrl } from '#processors/contract/request-url.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

let web: Web;
beforeAll(async () => {
  web = await startWeb(async (request, response) => {
    if (request.url === '/silent') return;
    if (request.url === '/moved') return void response.writeHead(302, { location: '/there' }).end();
    const { 'user-agent': agent, 'x-own': own } = request.headers;
    response.writeHead(200, { 'X-Answer': 'yes' }).end(JSON.stringify({ agent, own, body: await text(request) }));
  });
});
afterAll(() => web?.stop());

const context = (rules = { openRanges: ['127.0.0.0/8'] }) => ({
  sourceGuard: new SourceGuard(rules),
  userAgent: 'tests of sluice',
  signal: new AbortController().signal,
});

it('requestUrl sends a request with the User-Agent of the worker, and gives the answer as it came', async () => {
  const options = { method: 'POST', headers: { 'x-own': 'a', 'user-agent': 'other' }, body: 'sent' } as const;
  const { status, headers, body } = await requestUrl(context(), `${web.url}/page`, options);
  expect({ status, answer: headers['x-answer'] }).toEqual({ status: 200, answer: 'yes' });
  expect(JSON.parse(await text(body))).toEqual({ agent: 'tests of sluice', own: 'a', body: 'sent' });
});

it('requestUrl follows no redirect', async () => {
  const { status, headers, body } = await requestUrl(context(), `${web.url}/moved`);
  body.destroy();
  expect({ status, location: headers.location }).toEqual({ status: 302, location: '/there' });
});

it('requestUrl sends nothing to an address that the settings do not open', async () => {
  const before = web.requests.length;
  await expect(requestUrl(context({ openRanges: [] }), `${web.url}/page`)).rejects.toThrow(SourceForbiddenError);
  const { port } = new URL(web.url);
  const byName = requestUrl(context({ openRanges: [] }), `http://localhost:${port}/page`);
  await expect(byName).rejects.toThrow(SourceForbiddenError);
  expect(web.requests.length).toBe(before);
});

it('requestUrl accepts only http and https', async () => {
  await expect(requestUrl(context(), 'file:///etc/passwd')).rejects.toThrow('file: is not requested');
});

it('requestUrl ends with the item, and when its own time is over', async () => {
  const item = new AbortController();
  const request = requestUrl({ ...context(), signal: item.signal }, `${web.url}/silent`);
  item.abort(new Error('the item has to stop'));
  await expect(request).rejects.toThrow('the item has to stop');
  const late = requestUrl(context(), `${web.url}/silent`, { timeoutSeconds: 0.5 });
  await expect(late).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
});
