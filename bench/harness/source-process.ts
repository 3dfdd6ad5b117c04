/**
 * The Node source of a lane, in its own process. It sends views of one generated megabyte, so that it costs as little
 * as Node can; it computes no hashes. `source.ts` sends it the options first, then a message for each count that it
 * needs.
 */
import { once } from 'node:events';
import { type SourceServerOptions, startSourceServer } from '#test/helpers/source-server.ts';

// The benchmark has ended, for any reason.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const [options] = (await once(process, 'message')) as [SourceServerOptions];
const source = await startSourceServer(options);
const tell = () => {
  const { requests, connections, bodyBytes } = source;
  process.send?.({ origin: source.origin, requests: requests.length, connections, bodyBytes, ...source.coverage() });
};
process.on('message', tell);
tell();
