import type { Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const BEGINNING = 'HTTP/1.1 100';
/** The limit for all `100 Continue` heads before one answer. */
const MOST_BYTES = 65_536;

/**
 * Removes `100 Continue` from the bytes that a socket gives to undici. undici breaks a connection whose server sends a
 * 100 that was not requested. RFC 9110, 15.2, says that a client must be able to read such an answer and continue.
 *
 * An answer begins after each write. All bytes that are not the head of a 100 are passed on unchanged.
 */
export function skipContinue(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  const read = socket.read.bind(socket);
  const nothing = Buffer.alloc(0);
  let held: Buffer = nothing;
  let skipped = 0;
  let looking = false;
  socket.write = (...given: unknown[]) => {
    looking = true;
    skipped = 0;
    return write(...given);
  };
  const begins = () => held.toString('latin1', 0, BEGINNING.length);
  const skipHeads = () => {
    for (let end = held.indexOf(HEAD_END); end !== -1 && begins() === BEGINNING; end = held.indexOf(HEAD_END)) {
      skipped += end + HEAD_END.length;
      held = held.subarray(end + HEAD_END.length);
    }
  };
  socket.read = () => {
    for (let piece = read() as Buffer | null; piece !== null; piece = read() as Buffer | null) {
      if (!looking) return piece;
      held = Buffer.concat([held, piece]);
      skipHeads();
      const mayBeOne = begins() === BEGINNING || BEGINNING.startsWith(begins());
      if (mayBeOne && skipped + held.length < MOST_BYTES) continue;
      looking = false;
      const given = held;
      held = nothing;
      return given;
    }
    return null;
  };
  return socket;
}
