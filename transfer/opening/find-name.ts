import type { Context } from '../context.ts';
import { InvalidDestinationError } from '../errors.ts';
import type { Headers } from '../lane/answer-head.ts';
import { objectName } from '../object/object-name.ts';
import { refusesRange } from '../source/refuses-range.ts';
import { Retries } from '../source/retries.ts';
import type { SourceSession } from '../source/session.ts';

/**
 * Requests only the first byte of a source, to find the name of its file.
 *
 * @throws InvalidDestinationError if neither the answer nor the URL has a name, and the errors of one GET.
 */
export async function findName({ session, signal, source }: Pick<Context, 'session' | 'signal' | 'source'>) {
  const answer = await getHead(session, signal);
  const name = objectName(answer.headers['content-disposition'], source.url);
  if (name !== undefined) return name;
  throw new InvalidDestinationError(`${session.name} has no file name: give the destination a key`);
}

async function getHead(session: SourceSession, signal: AbortSignal) {
  const retries = new Retries(session, signal);
  for (let range: Headers = { range: 'bytes=0-0' }; ; ) {
    try {
      const answer = await session.get(range, signal);
      answer.body.destroy();
      return answer;
    } catch (error) {
      if (refusesRange(error) && range.range !== undefined) range = {};
      else await retries.after(error, session.name);
    }
  }
}
