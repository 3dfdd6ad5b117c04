import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const BYTES = 300_000_000;
const PIECE = Buffer.alloc(1_048_576, 'sluice ');
const STEP_MS = 50;

/** A source for recordings: a file of 300 MB with ranges, a small table, and a file that exists only after `mend`. */
export interface SlowSource {
  readonly origin: string;
  /** After this call, the missing file exists. */
  mend(): void;
  stop(): Promise<void>;
}

/** @param bytesPerSecond the speed of one connection. */
export async function startSlowSource(bytesPerSecond: number): Promise<SlowSource> {
  let isMended = false;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/300MB.bin') return sendRange(request, response, bytesPerSecond);
    if (request.url === '/small.csv' || (request.url === '/late.csv' && isMended))
      return response.end('id,name\n1,a\n');
    return response.writeHead(404).end();
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mend: () => {
      isMended = true;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendRange(request: IncomingMessage, response: ServerResponse, bytesPerSecond: number): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const first = Number(from ?? 0);
  const last = Math.min(to === undefined || to === '' ? BYTES - 1 : Number(to), BYTES - 1);
  let left = last - first + 1;
  response.writeHead(from === undefined ? 200 : 206, {
    etag: '"v1"',
    'accept-ranges': 'bytes',
    'content-length': left,
    ...(from !== undefined && { 'content-range': `bytes ${first}-${last}/${BYTES}` }),
  });
  const timer = setInterval(() => {
    const piece = PIECE.subarray(0, Math.min(left, Math.ceil((bytesPerSecond * STEP_MS) / 1_000)));
    left -= piece.length;
    response.write(piece);
    if (left > 0) return;
    clearInterval(timer);
    response.end();
  }, STEP_MS);
  response.once('close', () => clearInterval(timer));
}
