import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform } from 'node:stream';
import { TokenBucket } from '#test/helpers/source/token-bucket.ts';

const LARGE_PIECE_BYTES = 8_192;

/** The client disconnected before its whole request was passed on. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Keeps connections to the S3 server, and passes requests on to it as they came. */
export class Upstream {
  readonly #endpoint: URL;
  readonly #agent: Agent;

  constructor(endpoint: string) {
    this.#endpoint = new URL(endpoint);
    // The server's certificate is the test's own; what the client checks is its way to the proxy.
    this.#agent =
      this.#endpoint.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: false })
        : new Agent({ keepAlive: true });
  }

  /**
   * Passes a request on with its headers unchanged: SigV4 signs the Host that the client named, so that Host has to
   * arrive. The embedded AWS accepts it if it knows where the request was sent; other servers don't check it.
   *
   * @param onBytes receives the length of each piece of the body, which goes on when its promise resolves. If it
   * rejects, the request ends in the middle.
   * @param how.bytesPerSecond limits the speed at which the client's body is read.
   * @param how.flipsBit whether one bit of the body changes.
   * @throws ClientGone if the client disconnects, or `onBytes` rejects.
   */
  send(
    incoming: IncomingMessage,
    onBytes: (bytes: number) => Promise<void> | undefined,
    { bytesPerSecond, flipsBit = false }: { readonly bytesPerSecond?: number; readonly flipsBit?: boolean } = {},
  ): Promise<IncomingMessage> {
    const { hostname, port, protocol } = this.#endpoint;
    const bucket = bytesPerSecond === undefined ? undefined : new TokenBucket(bytesPerSecond);
    let flips = flipsBit;
    return new Promise((resolve, reject) => {
      const outgoing = (protocol === 'https:' ? httpsRequest : httpRequest)({
        hostname,
        port,
        agent: this.#agent,
        method: incoming.method,
        path: incoming.url,
        headers: [...incoming.rawHeaders, 'x-sluice-forwarded-to', this.#endpoint.host],
        setHost: false,
      });
      outgoing.once('response', resolve).on('error', reject);
      const counted = new Transform({
        transform(bytes: Buffer, _encoding, done) {
          const held = onBytes(bytes.length);
          // The middle of a large piece is no framing of aws-chunked.
          if (flips && bytes.length >= LARGE_PIECE_BYTES) {
            flips = false;
            bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
          }
          if (!bucket && !held) done(null, bytes);
          else Promise.all([held, bucket?.take(bytes.length)]).then(() => done(null, bytes), done);
        },
      });
      const end = () => {
        reject(new ClientGone());
        outgoing.destroy();
      };
      counted.once('error', end);
      incoming.once('close', () => {
        if (!incoming.readableEnded) end();
      });
      incoming.pipe(counted).pipe(outgoing);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** All of a message's body; for small ones. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await message.toArray());
}

/** Reads a message's body to its end, or to the piece that reaches `maxBytes`, and keeps nothing. */
export async function discardBody(
  message: IncomingMessage,
  onBytes: (bytes: number) => void = () => {},
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  if (maxBytes <= 0) return;
  let read = 0;
  for await (const piece of message.iterator({ destroyOnReturn: false })) {
    onBytes(piece.length);
    read += piece.length;
    if (read >= maxBytes) return;
  }
}
