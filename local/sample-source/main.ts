/**
 * The sample source as a separate process, so that serving 128 MiB never delays the display of a run. It prints its
 * port as one line of JSON. It ends when its stdin ends, which happens when its parent ends for any reason.
 */
import type { AddressInfo } from 'node:net';
import { loadFiles } from './files.ts';
import { createSampleServer } from './server.ts';

const server = createSampleServer(await loadFiles());
process.stdin
  .once('close', () => {
    // After this, nothing keeps the process alive. `process.exit` can deadlock in Node 24 (nodejs/node 54918).
    server.close();
    server.closeAllConnections();
  })
  .resume();
/**
 * The source uses the same port at each start if that port is free. The deployment opens this port, so with another
 * port the cloud assembly of an earlier start could not be used again.
 */
const USUAL_PORT = 28_471;
server
  .once('error', () => server.listen(0, '127.0.0.1'))
  .once('listening', () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  })
  .listen(USUAL_PORT, '127.0.0.1');
