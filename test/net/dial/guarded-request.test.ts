import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { guardedAgent, guardedRequest } from '#net/dial/guarded-http.ts';
import { SourceForbiddenError } from '#net/errors.ts';
import { PUBLIC_INTERNET } from '#net/guard/source-guard.ts';
import { LOOPBACK } from '../../helpers/loopback-guard.ts';
import { startWeb } from '../../helpers/web.ts';

async function startEcho() {
  const web = await startWeb(async (request, response) => {
    if (request.url === '/moved') return response.writeHead(302, { location: '/elsewhere' }).end();
    response.end(`${request.headers['x-asked']} ${await text(request)}`);
  });
  onTestFinished(() => web.stop());
  return web;
}

function agentOf(guard: typeof LOOPBACK) {
  const agent = guardedAgent(guard, { connectSeconds: 5 });
  onTestFinished(() => agent.destroy());
  return agent;
}

it('guardedRequest sends method, path, query, headers and body, and returns the answer', async () => {
  const web = await startEcho();
  const { statusCode, body } = await guardedRequest(agentOf(LOOPBACK), new URL(`${web.url}/a?b=c#d`), {
    method: 'POST',
    headers: { 'x-asked': 'so' },
    body: 'said',
  });
  expect([statusCode, await body.text()]).toEqual([200, 'so said']);
  expect(web.requests).toEqual(['POST /a?b=c']);
});

it('guardedRequest uses GET by default, and follows no redirect', async () => {
  const web = await startEcho();
  const { statusCode, headers, body } = await guardedRequest(agentOf(LOOPBACK), new URL(`${web.url}/moved`));
  await body.dump();
  expect([statusCode, headers.location]).toEqual([302, '/elsewhere']);
  expect(web.requests).toEqual(['GET /moved']);
});

it('guardedRequest ends when its signal aborts', async () => {
  const web = await startWeb(() => {});
  onTestFinished(() => web.stop());
  const stop = new AbortController();
  const asked = guardedRequest(agentOf(LOOPBACK), new URL(web.url), { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});

it('guardedRequest does not connect to an address that the guard forbids', async () => {
  const web = await startEcho();
  await expect(guardedRequest(agentOf(PUBLIC_INTERNET), new URL(web.url))).rejects.toThrow(SourceForbiddenError);
  expect(web.requests).toEqual([]);
});
