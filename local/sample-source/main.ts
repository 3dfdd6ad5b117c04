/**
 * The sample source as a process of its own, so that serving 256 MiB never holds up the display of a run. It prints its
 * port as one line of JSON and ends when its stdin does, which is when its parent ends, however that happens.
 */
import type { AddressInfo } from 'node:net';
import { loadFiles } from './files.ts';
import { createSampleServer } from './server.ts';

const server = createSampleServer(await loadFiles());
process.stdin
  .once('close', () => {
    // Nothing is left then that keeps the process. `process.exit` can deadlock in Node 24 (nodejs/node 54918).
    server.close();
    server.closeAllConnections();
  })
  .resume();
/**
 * The same at each start where it is free: the deployment opens this very port, so that with another one the cloud
 * assembly of the start before could not be used again.
 */
const USUAL_PORT = 28_471;
server
  .once('error', () => server.listen(0, '127.0.0.1'))
  .once('listening', () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  })
  .listen(USUAL_PORT, '127.0.0.1');
