import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';

const { signal } = new AbortController();

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

/** A store at an odd server, with the client of this run of the tests. */
function storeAt(url: string): ObjectStore {
  return new ObjectStore(landing.s3.clientFor(new URL(url).origin), 'bucket', 'key');
}

function answer(status: number, body: string, more = ''): string {
  return `HTTP/1.1 ${status} Status\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
}

it('a part is sent again without a question if a server does not answer the question after a SlowDown', async () => {
  const asked: boolean[] = [];
  await using s3 = await startRawServer((socket, _connection, _request, text) => {
    const asks = /^expect:/im.test(text);
    asked.push(asks);
    if (asked.length === 1) socket.write(answer(503, '<Error><Code>SlowDown</Code></Error>'));
    else socket.write(asks ? answer(417, '') : answer(200, '', 'Etag: "etag"\r\n'));
  });
  expect(await storeAt(s3.url).putPart('upload', 1, Buffer.from('x'), 0, signal)).toMatchObject({ etag: '"etag"' });
  expect(asked).toEqual([false, true, false]);
});

it('a list of parts whose pages do not advance ends', async () => {
  let pages = 0;
  await using s3 = await startRawServer((socket) => {
    pages += 1;
    const next = [5, 3, 5, 3][pages % 4];
    const page = `<IsTruncated>true</IsTruncated><NextPartNumberMarker>${next}</NextPartNumberMarker>`;
    if (pages < 50) socket.write(answer(200, `<ListPartsResult>${page}</ListPartsResult>`));
    else socket.destroy();
  });
  expect(await storeAt(s3.url).listParts('upload', 1, 10, signal)).toEqual([]);
  expect(pages).toBeLessThan(50);
});
