/**
 * The source of a lane, in a process of its own. It sends views of one generated megabyte, so that it costs as little as
 * Node can; nothing is hashed here. Started by `source.ts`, which sends one message for each that it wants back.
 */
import { type SourceServerOptions, startSourceServer } from '#test/helpers/source-server.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as SourceServerOptions;
const source = await startSourceServer(options);

process.on('message', () => {
  const { requests, connections, bodyBytes } = source;
  process.send?.({ origin: source.origin, requests: requests.length, connections, bodyBytes, ...source.coverage() });
});
// The benchmark has gone, however it went.
process.on('disconnect', () => process.exit());
