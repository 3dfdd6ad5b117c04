import { createHash } from 'node:crypto';
import { connect as connectTcp, isIP, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { SourceForbiddenError } from '../errors.ts';
import { sameAddress } from '../guard/address.ts';
import { bareHost, type HostAddress, type SourceGuard } from '../guard/source-guard.ts';
import { orAborted, whenAborted } from '../signals.ts';
import { timerMilliseconds } from '../wait.ts';

/** What to dial. */
export interface DialTarget {
  /** A name or an address, with or without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** From the name's lookup to the end of the handshake. */
  readonly connectSeconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Reads into buffers of the caller's, as `net.connect` takes it. */
  readonly onread?: OnReadOpts | undefined;
}

/** The connection was not there in time. `code` is what undici calls it. */
export class DialTimeoutError extends Error {
  override readonly name = 'DialTimeoutError';
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';
}

/**
 * The one way in which a socket to a source comes to be, whoever reads from it: all addresses of the host are resolved
 * and checked, one of them is dialled, and before the first byte goes out (before TLS's own, too) the socket's
 * `remoteAddress` must be one of them, and allowed.
 *
 * TLS is HTTP/1.1 by ALPN, with the certificate checked against the host; an address sends no server name. Sessions are
 * resumed for the same host, port and trusted certificates.
 *
 * @returns a socket that is connected, and secured where TLS was asked for.
 * @throws SourceForbiddenError, DialTimeoutError, the signal's reason, or the system's or TLS's error.
 */
export async function dial(guard: SourceGuard, target: DialTarget): Promise<Socket> {
  const timeout = new AbortController();
  const { host, port, connectSeconds } = target;
  const late = () => timeout.abort(new DialTimeoutError(`${host} port ${port}: no connection in ${connectSeconds} s`));
  const timer = setTimeout(late, timerMilliseconds(connectSeconds * 1_000));
  const signal = target.signal === undefined ? timeout.signal : AbortSignal.any([target.signal, timeout.signal]);
  try {
    // The operating system's resolver can't be stopped; its answer is then thrown away.
    const addresses = await orAborted(guard.resolve(host, port), signal);
    return await connected(guard, target, addresses, signal);
  } finally {
    clearTimeout(timer);
  }
}

function connected(
  guard: SourceGuard,
  target: DialTarget,
  addresses: readonly HostAddress[],
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = target.tls ? openTls(target, addresses) : openTcp(target, addresses);
    const forget = whenAborted(signal, () => socket.destroy(signal.reason));
    const settle = (settled: () => void) => {
      forget();
      socket.off('error', fail).off('close', onClose);
      settled();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onClose = () => fail(new Error(`${target.host} port ${target.port} closed the connection at once`));
    socket.on('error', fail).on('close', onClose);
    // Before the listener that starts TLS, which finds the socket destroyed then.
    socket.prependOnceListener('connect', () => {
      try {
        checkRemote(guard, target, addresses, socket.remoteAddress);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      if (!socket.destroyed) settle(() => resolve(socket));
    });
  });
}

/** What lies between the socket and the kernel (a patched resolver, a library) is not trusted with this. */
function checkRemote(
  guard: SourceGuard,
  { host, port }: DialTarget,
  addresses: readonly HostAddress[],
  remote: string | undefined,
): void {
  if (remote === undefined || !addresses.some(({ address }) => sameAddress(address, remote))) {
    throw new SourceForbiddenError(`${host} is connected to ${remote ?? 'nothing'}, which is not what was dialled`);
  }
  guard.checkAddress(host, remote, port);
}

function openTcp({ host, port, onread }: DialTarget, addresses: readonly HostAddress[]): Socket {
  const options: TcpNetConnectOpts & StreamOptions = {
    host: bareHost(host),
    port,
    lookup: answering(addresses),
    highWaterMark: TCP_READ_BYTES,
    ...(onread && { onread }),
  };
  return tuned(connectTcp(options));
}

const sessions = new Map<string, Buffer>();
const MOST_SESSIONS = 200;

/** As undici's own connector has them: fewer, larger reads, and a TLS record at a time. */
const TCP_READ_BYTES = 65_536;
const TLS_READ_BYTES = 16_384;

/** Taken by `net.connect` and `tls.connect`; their types leave it out. */
interface StreamOptions {
  highWaterMark?: number;
}

function openTls({ host, port, ca, onread }: DialTarget, addresses: readonly HostAddress[]): TLSSocket {
  const bare = bareHost(host);
  const key = `${bare} ${port} ${ca === undefined ? '' : createHash('sha256').update(ca).digest('hex')}`;
  const session = sessions.get(key);
  const options: ConnectionOptions & StreamOptions = {
    host: bare,
    port,
    lookup: answering(addresses),
    servername: isIP(bare) === 0 ? bare : '',
    ALPNProtocols: ['http/1.1'],
    highWaterMark: TLS_READ_BYTES,
    ...(ca !== undefined && { ca }),
    ...(session && { session }),
    ...(onread && { onread }),
  };
  const socket = connectTls(options);
  socket.on('session', (fresh) => {
    sessions.delete(key);
    const oldest = sessions.size >= MOST_SESSIONS ? sessions.keys().next().value : undefined;
    if (oldest !== undefined) sessions.delete(oldest);
    sessions.set(key, fresh);
  });
  return tuned(socket);
}

function tuned<S extends Socket>(socket: S): S {
  socket.setKeepAlive(true, 60_000);
  socket.setNoDelay(true);
  return socket;
}

/** A resolver that knows one answer, the checked one. Literal addresses don't get as far as a resolver. */
function answering(addresses: readonly HostAddress[]) {
  return (
    _host: string,
    options: { all?: boolean | undefined },
    callback: (error: NodeJS.ErrnoException | null, address: string | HostAddress[], family?: number) => void,
  ) => {
    const [first] = addresses;
    if (first === undefined) callback(Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' }), '');
    else if (options.all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}
