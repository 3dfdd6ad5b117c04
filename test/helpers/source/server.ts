import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type Answer, type Exchange, emptyAnswer, rightAnswer } from './answer.ts';
import { type Certificate, selfSignedCertificate } from './certificate.ts';
import { CountedRule, type FaultRule } from './fault.ts';
import { type SourceFile, sourceFile } from './file.ts';
import { coverage, type RequestRecord } from './history.ts';
import { parseRequest } from './request.ts';
import { sendAnswer, type Wire, WireClosed } from './send.ts';
import { TokenBucket } from './token-bucket.ts';

export interface SourceServerOptions {
  /** What every path without a file of its own serves. @default 1,000,000 bytes, strong ETag, old Last-Modified */
  readonly file?: Partial<SourceFile>;
  /** Files by path; null is 404. */
  readonly files?: Readonly<Record<string, Partial<SourceFile> | null>>;
  /** Every rule that matches a request adds its faults, in this order. */
  readonly rules?: readonly FaultRule[];
  /** HTTPS, with a certificate made here unless one is given. */
  readonly tls?: boolean | Certificate;
  /** A token bucket for each connection. @default unlimited */
  readonly bytesPerSecondPerConnection?: number;
  /** Whether `requests` is kept. @default true */
  readonly keepHistory?: boolean;
}

export interface SourceServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` or https, without a slash at the end. */
  readonly origin: string;
  /** `<origin>/file`. */
  readonly url: string;
  /** The certificate to trust, PEM; undefined over HTTP. */
  readonly ca: string | undefined;
  /** In the order of their heads. Grows as they come. */
  readonly requests: readonly RequestRecord[];
  /** Connections accepted so far, and open now. */
  readonly connections: { readonly accepted: number; readonly open: number };
  /** Body bytes handed to sockets by all answers that have ended. */
  readonly bodyBytes: number;
  addRules(...rules: readonly FaultRule[]): void;
  clearRules(): void;
  /** The file at a path from now on; null is 404. */
  setFile(path: string, file: Partial<SourceFile> | null): void;
  fileAt(path: string): SourceFile | null;
  /** Bytes of a path's file sent at all, and sent again. */
  coverage(path?: string): { once: number; again: number };
  /** Closes every connection, then the server. */
  stop(): Promise<void>;
}

/**
 * An HTTP/1.1 source that answers correctly, by RFC 9110, except where a rule says otherwise. It uses plain sockets,
 * because `node:http` would refuse to send most of the faulty answers.
 */
export async function startSourceServer(options: SourceServerOptions = {}): Promise<SourceServer> {
  const certificate = options.tls === true ? selfSignedCertificate() : options.tls || undefined;
  const secureContext = certificate && createSecureContext(certificate);
  const files = new Map<string, SourceFile | null>();
  for (const [path, file] of Object.entries(options.files ?? {})) files.set(path, file && sourceFile(file));
  const standard = sourceFile(options.file);
  const fileAt = (path: string) => (files.has(path) ? (files.get(path) ?? null) : standard);
  let rules = (options.rules ?? []).map((rule) => new CountedRule(rule));
  const requests: RequestRecord[] = [];
  const open = new Set<Socket>();
  let accepted = 0;
  let requestNumber = 0;
  let bodyBytes = 0;

  async function answer(wire: Wire, head: string, connection: number): Promise<boolean> {
    const request = parseRequest(head, ++requestNumber, connection);
    const faults = rules.flatMap((rule) => rule.faultsFor(request));
    const { made, file } = makeAnswer(request, fileAt(request.path), faults);
    const [first] = made.body;
    const ofFile = file && first && !Buffer.isBuffer(first) ? first.from : undefined;
    const names = faults.map(({ name }) => name);
    const record: RequestRecord = {
      ...request,
      faults: names,
      status: made.status,
      bodyFrom: ofFile,
      bodyBytes: 0,
      complete: false,
    };
    if (options.keepHistory ?? true) requests.push(record);
    try {
      const again = await sendAnswer(wire, made, request.method, record);
      record.complete = true;
      return again;
    } finally {
      bodyBytes += record.bodyBytes;
    }
  }

  const server = createServer({ noDelay: true }, (tcp) => {
    const connection = ++accepted;
    const socket = secureContext ? new TLSSocket(tcp, { isServer: true, secureContext }) : tcp;
    const closed = new AbortController();
    open.add(tcp);
    tcp.once('close', () => {
      open.delete(tcp);
      closed.abort();
    });
    // Many tests cause a reset by the client; it is never an error of this server.
    for (const end of [tcp, socket]) end.on('error', () => tcp.destroy());
    const rate = options.bytesPerSecondPerConnection;
    const bucket = rate === undefined ? undefined : new TokenBucket(rate);
    serveHeads(socket, (head) => answer({ socket, tcp, closed: closed.signal, bucket }, head, connection));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the source server has no port');
  const origin = `${certificate ? 'https' : 'http'}://127.0.0.1:${address.port}`;

  const stop = async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    origin,
    url: `${origin}/file`,
    ca: certificate?.cert,
    requests,
    get connections() {
      return { accepted, open: open.size };
    },
    get bodyBytes() {
      return bodyBytes;
    },
    addRules: (...more) => {
      rules = [...rules, ...more.map((rule) => new CountedRule(rule))];
    },
    clearRules: () => {
      rules = [];
    },
    setFile: (path, file) => void files.set(path, file && sourceFile(file)),
    fileAt,
    coverage: (path) => coverage(requests, path),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function makeAnswer(
  request: Exchange['request'],
  file: SourceFile | null,
  faults: ReturnType<CountedRule['faultsFor']>,
): { made: Answer; file: SourceFile | null } {
  const exchange: Exchange = { request, file: file ?? sourceFile(), ignoreRange: false, ignoreConditions: false };
  for (const fault of faults) fault.prepare?.(exchange);
  const made = file === null ? emptyAnswer(404) : rightAnswer(exchange);
  for (const fault of faults) fault.change?.(made, exchange);
  return { made, file };
}

/**
 * Calls `serve` for each request head in turn, until it says that the connection is used up. Request bodies aren't
 * read.
 */
function serveHeads(socket: Socket, serve: (head: string) => Promise<boolean>): void {
  let unread = '';
  let busy = false;
  const next = async () => {
    if (busy) return;
    busy = true;
    for (;;) {
      const end = unread.indexOf('\r\n\r\n');
      if (end === -1) break;
      const head = unread.slice(0, end);
      unread = unread.slice(end + 4);
      if (!(await serve(head))) return;
    }
    busy = false;
  };
  socket.on('data', (bytes) => {
    unread += bytes.toString('latin1');
    next().catch((error: unknown) => {
      if (!(error instanceof WireClosed)) socket.destroy(error as Error);
    });
  });
}
