import { createHash } from 'node:crypto';
import { connect as connectTcp, isIP, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { SourceForbiddenError } from '../errors.ts';
import { sameAddress } from '../guard/address.ts';
import { bareHost, type HostAddress, type SourceGuard } from '../guard/source-guard.ts';
import { orAborted, whenAborted } from '../signals.ts';
import { timerMilliseconds } from '../wait.ts';

/**
 * An `import` of it reads all its exports, and `rootCertificates` is a list of 150 texts: 1 ms of CPU at each start.
 */
const { connect: connectTls } = process.getBuiltinModule('node:tls');

/** The host and the options of a connection. */
export interface DialTarget {
  /** A name or an address, with or without the brackets of IPv6. */
  readonly host: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** Whether to encrypt, as for https. */
  readonly tls: boolean;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** The time limit from the lookup of the name to the end of the handshake. */
  readonly connectSeconds: number;
  /** Its abort ends the attempt, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Reads into buffers of the caller, in the form of `net.connect`. */
  readonly onread?: OnReadOpts | undefined;
}

/** The connection was not established in time. */
export class DialTimeoutError extends Error {
  /** The name of the class. */
  override readonly name = 'DialTimeoutError';
  /** undici's code for this. */
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';
}

/**
 * Connects a socket to a source. Every connection to a source is made here, whoever reads from it. All addresses of the
 * host are resolved and checked, and one of them is dialled. Before the first byte is sent (even before TLS's own), the
 * socket's `remoteAddress` must be one of the checked addresses, and allowed.
 *
 * TLS offers HTTP/1.1 by ALPN, and the certificate is checked against the host; for an address no server name is sent.
 * TLS sessions are resumed for the same host, port and trusted certificates.
 *
 * @returns a socket that is connected, and encrypted if TLS was requested.
 * @throws SourceForbiddenError, DialTimeoutError, the signal's reason, or the error of the system or of TLS.
 */
export function dial(guard: SourceGuard, target: DialTarget): Promise<Socket> {
  const { host, port } = target;
  return inTime(target, async (signal) => {
    // A lookup by the operating system can't be stopped; its answer is then ignored.
    const addresses = await orAborted(guard.resolve(host, port), signal);
    return connected(target, signal, { guard, addresses });
  });
}

/** Connects as `dial` does, without a guard: to a host that the deployment itself names, such as S3's. */
export function dialKnown(target: DialTarget): Promise<Socket> {
  return inTime(target, (signal) => connected(target, signal));
}

async function inTime(target: DialTarget, connect: (signal: AbortSignal) => Promise<Socket>): Promise<Socket> {
  const timeout = new AbortController();
  const { host, port, connectSeconds } = target;
  const late = () => timeout.abort(new DialTimeoutError(`${host} port ${port}: no connection in ${connectSeconds} s`));
  const timer = setTimeout(late, timerMilliseconds(connectSeconds * 1_000));
  try {
    return await connect(
      target.signal === undefined ? timeout.signal : AbortSignal.any([target.signal, timeout.signal]),
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Who checks the addresses, and the addresses that were checked. */
interface Checked {
  readonly guard: SourceGuard;
  readonly addresses: readonly HostAddress[];
}

function connected(target: DialTarget, signal: AbortSignal, checked?: Checked): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const lookup = checked && answering(checked.addresses);
    const socket = target.tls ? openTls(target, lookup) : openTcp(target, lookup);
    const forget = whenAborted(signal, () => socket.destroy(signal.reason));
    const settle = (settled: () => void) => {
      forget();
      socket.off('error', fail).off('close', onClose);
      settled();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onClose = () => fail(new Error(`${target.host} port ${target.port} closed the connection at once`));
    socket.on('error', fail).on('close', onClose);
    // This listener comes before the one that starts TLS. If the check fails, that listener finds the socket destroyed.
    socket.prependOnceListener('connect', () => {
      try {
        if (checked) checkRemote(checked, target, socket.remoteAddress);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      if (!socket.destroyed) settle(() => resolve(socket));
    });
  });
}

/**
 * Other code between the socket and the kernel (a patched resolver, a library) is not trusted to connect to the checked
 * address.
 */
function checkRemote({ guard, addresses }: Checked, { host, port }: DialTarget, remote: string | undefined): void {
  if (remote === undefined || !addresses.some(({ address }) => sameAddress(address, remote))) {
    throw new SourceForbiddenError(
      `${host} is connected to ${remote ?? 'nothing'}, which is not one of the dialled addresses`,
    );
  }
  guard.checkAddress(host, remote, port);
}

function openTcp({ host, port, onread }: DialTarget, lookup: Lookup | undefined): Socket {
  const options: TcpNetConnectOpts & StreamOptions = {
    host: bareHost(host),
    port,
    highWaterMark: TCP_READ_BYTES,
    ...(lookup && { lookup }),
    ...(onread && { onread }),
  };
  return tuned(connectTcp(options));
}

const sessions = new Map<string, Buffer>();
const MOST_SESSIONS = 200;

/** The same as in undici's own connector: fewer, larger reads, and one TLS record at a time. */
const TCP_READ_BYTES = 65_536;
const TLS_READ_BYTES = 16_384;

/** `net.connect` and `tls.connect` accept these options; their types lack them. */
interface StreamOptions {
  highWaterMark?: number;
}

function openTls({ host, port, ca, onread }: DialTarget, lookup: Lookup | undefined): TLSSocket {
  const bare = bareHost(host);
  const key = `${bare} ${port} ${ca === undefined ? '' : createHash('sha256').update(ca).digest('hex')}`;
  const session = sessions.get(key);
  const options: ConnectionOptions & StreamOptions = {
    host: bare,
    port,
    ...(lookup && { lookup }),
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

type Lookup = ReturnType<typeof answering>;

/** A resolver that always returns the checked addresses. For literal addresses, no resolver is called. */
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
