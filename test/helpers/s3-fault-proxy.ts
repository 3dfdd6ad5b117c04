import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PartCount, S3Counts } from '#test/helpers/s3-fault-proxy/counts.ts';
import { CountedS3Rule, type S3Fault, type S3FaultRule } from '#test/helpers/s3-fault-proxy/fault.ts';
import { ClientGone, discardBody, readBody, Upstream } from '#test/helpers/s3-fault-proxy/forward.ts';
import { readS3Request, type S3Operation, type S3Request } from '#test/helpers/s3-fault-proxy/operation.ts';
import { seededRandom } from '#test/helpers/s3-fault-proxy/random.ts';
import type { Certificate } from '#test/helpers/source/certificate.ts';

export type { PartCount } from '#test/helpers/s3-fault-proxy/counts.ts';
export { type S3Fault, type S3FaultRule, s3Errors } from '#test/helpers/s3-fault-proxy/fault.ts';
export type { S3Operation } from '#test/helpers/s3-fault-proxy/operation.ts';

export interface S3FaultProxy extends AsyncDisposable {
  /** Give it to `S3Server.clientFor`. */
  readonly endpoint: string;
  /** Every fault that has happened, in order. */
  readonly happened: readonly { readonly request: S3Request; readonly fault: S3Fault }[];
  /** Requests begun of an operation. */
  operations(operation: S3Operation): number;
  /** The cost of each part number, by upload. */
  readonly parts: readonly PartCount[];
  /** Parts that S3 stored more than once. */
  readonly partsStoredAgain: readonly PartCount[];
  /** The ids of the uploads that S3 has completed or aborted, whether the client received the answer or not. */
  readonly endedUploads: ReadonlySet<string>;
  /** The first rule that matches a request decides. */
  addRules(...rules: readonly S3FaultRule[]): void;
  clearRules(): void;
  stop(): Promise<void>;
}

/**
 * A proxy in front of a real S3 server, which passes everything on but where a rule says otherwise.
 *
 * ```ts
 * await using proxy = await startS3FaultProxy(s3.endpoint, {
 *   rules: [{ when: { operation: 'CompleteMultipartUpload', nth: 1 }, fault: { kind: 'lost-answer' } }],
 * });
 * const client = s3.clientFor(proxy.endpoint);
 * ```
 *
 * @param options.seed draws the lots of rules with a probability.
 * @param options.onBodyBytes receives the length of each piece of an object's or a part's body. The piece goes on to S3
 * when its promise resolves; if it rejects, the request ends in the middle.
 */
export async function startS3FaultProxy(
  endpoint: string,
  options: {
    readonly rules?: readonly S3FaultRule[];
    readonly seed?: number;
    readonly onBodyBytes?: (bytes: number) => Promise<void> | undefined;
    /** HTTPS with this certificate. */
    readonly tls?: Certificate;
  } = {},
): Promise<S3FaultProxy> {
  const random = seededRandom(options.seed ?? 1);
  let rules = (options.rules ?? []).map((rule) => new CountedS3Rule(rule, random));
  const upstream = new Upstream(endpoint);
  const counts = new S3Counts();
  const happened: { request: S3Request; fault: S3Fault }[] = [];

  const listener = (incoming: IncomingMessage, answer: ServerResponse) => {
    // A reset may come when nothing reads any more; a reader gets the stream's own error.
    incoming.on('error', () => {});
    answer.on('error', () => {});
    const request = readS3Request(incoming);
    const part = counts.begin(request);
    const fault = firstFault(rules, request);
    if (fault) happened.push({ request, fault });
    handle({ incoming, answer, upstream, counts, request, part, onBodyBytes: options.onBodyBytes }, fault).catch(
      (error: unknown) => {
        // The client or S3 disconnected: the other end has to see the same. Other errors come from this proxy itself.
        incoming.socket.destroy();
        if (!(error instanceof ClientGone) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      },
    );
  };
  const { tls } = options;
  const server =
    tls === undefined ? createServer(listener) : createTlsServer({ cert: tls.cert, key: tls.key }, listener);
  // Without a listener, Node answers 100 by itself. The proxy does it here, because a fault may come first.
  server.on('checkContinue', (incoming: IncomingMessage, answer: ServerResponse) => {
    answer.writeContinue();
    server.emit('request', incoming, answer);
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the S3 fault proxy has no port');

  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    upstream.close();
  };
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    happened,
    operations: (operation) => counts.operations(operation),
    get parts() {
      return counts.parts;
    },
    get partsStoredAgain() {
      return counts.partsStoredAgain;
    },
    endedUploads: counts.ended,
    addRules: (...more) => {
      rules = [...rules, ...more.map((rule) => new CountedS3Rule(rule, random))];
    },
    clearRules: () => {
      rules = [];
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Every rule counts the request, the first that hits decides. */
function firstFault(rules: readonly CountedS3Rule[], request: S3Request): S3Fault | undefined {
  return rules.map((rule) => rule.faultFor(request)).find((fault) => fault !== undefined);
}

interface Passage {
  readonly incoming: IncomingMessage;
  readonly answer: ServerResponse;
  readonly upstream: Upstream;
  readonly counts: S3Counts;
  readonly request: S3Request;
  readonly part: PartCount | undefined;
  readonly onBodyBytes: ((bytes: number) => Promise<void> | undefined) | undefined;
}

async function handle(passage: Passage, fault: S3Fault | undefined): Promise<void> {
  const { incoming, answer } = passage;
  switch (fault?.kind) {
    case undefined:
      return passOn(answer, await forward(passage));
    case 'slow-read':
      return passOn(answer, await forward(passage, { bytesPerSecond: fault.bytesPerSecond }));
    case 'flipped-bit':
      return passOn(answer, await forward(passage, { flipsBit: true }));
    case 'error':
      if (fault.early) answer.shouldKeepAlive = false;
      else await discardBody(incoming, count(passage));
      if (fault.retryAfter !== undefined) answer.setHeader('Retry-After', fault.retryAfter);
      if (fault.date !== undefined) answer.setHeader('Date', fault.date.toUTCString());
      return answerError(answer, fault.status, fault.code);
    case 'reset-before':
      await discardBody(incoming, count(passage), fault.afterBytes ?? 0);
      incoming.socket.resetAndDestroy();
      return;
    case 'lost-answer':
      await discardBody(await forward(passage));
      incoming.socket.resetAndDestroy();
      return;
    case 'done-but-error':
      await discardBody(await forward(passage));
      return answerError(answer, fault.status, fault.code);
    case 'error-in-200': {
      if (fault.done) await discardBody(await forward(passage));
      else await discardBody(incoming, count(passage));
      await whiteSpace(answer, fault.milliseconds ?? 0);
      answer.end(errorXml(fault.code));
      return;
    }
    case 'html':
      if (fault.done) await discardBody(await forward(passage));
      else await discardBody(incoming, count(passage));
      answer.writeHead(fault.status ?? 200, { 'Content-Type': 'text/html', ...(fault.etag && { ETag: fault.etag }) });
      answer.end('<html><body>Please log in</body></html>');
      return;
    case 'white-space': {
      const waited = whiteSpace(answer, fault.milliseconds);
      const [done] = await Promise.all([forward(passage), waited]);
      const body = (await readBody(done)).toString();
      // S3's own XML declaration can't follow white space; S3 sends it first.
      answer.end(body.replace(/^<\?xml[^>]*\?>\s*/, ''));
      return;
    }
    case 'stall':
      if (fault.milliseconds === undefined) return discardBody(incoming, count(passage));
      // When S3 has received a whole request, it does the request even if the client has disconnected.
      if (!hasBody(incoming)) await discardBody(incoming);
      await sleep(fault.milliseconds);
      return passOn(answer, await forward(passage));
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function count({ request, part, onBodyBytes }: Passage): (bytes: number) => Promise<void> | undefined {
  const isContent = part !== undefined || request.operation === 'PutObject';
  return (bytes) => {
    if (part) part.bytes += bytes;
    return isContent ? onBodyBytes?.(bytes) : undefined;
  };
}

async function forward(passage: Passage, how: Parameters<Upstream['send']>[2] = {}): Promise<IncomingMessage> {
  const done = await passage.upstream.send(passage.incoming, count(passage), how);
  passage.counts.answered(passage.request, passage.part, done.statusCode);
  return done;
}

function passOn(answer: ServerResponse, done: IncomingMessage): void {
  answer.sendDate = false;
  answer.writeHead(done.statusCode ?? 502, done.statusMessage, done.rawHeaders);
  done.once('error', () => answer.destroy());
  done.pipe(answer);
}

/** As S3 keeps a connection of a long Complete alive. */
async function whiteSpace(answer: ServerResponse, milliseconds: number): Promise<void> {
  answer.writeHead(200, { 'Content-Type': 'application/xml' });
  answer.write('<?xml version="1.0" encoding="UTF-8"?>\n');
  for (let waited = 0; waited < milliseconds && !answer.destroyed; waited += 50) {
    answer.write(' ');
    await sleep(50);
  }
}

function answerError(answer: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${errorXml(code)}`;
  answer.writeHead(status, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) });
  answer.end(answer.req.method === 'HEAD' ? '' : body);
}

function errorXml(code: string): string {
  return `<Error><Code>${code}</Code><Message>made by the fault proxy</Message><RequestId>fault</RequestId></Error>`;
}
