import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ItemProcess } from '#worker/item/item-process.ts';

const MIB = 1_048_576;

it('an item process that ends while it starts is reported with the reason, and not as one that took too long', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-item-'));
  const started = ItemProcess.start({
    // Without the variables of a worker it can't start.
    program: new URL('crashing-worker.ts', import.meta.url).pathname,
    folder: join(folder, '1'),
    compileCache: join(folder, 'compiled'),
    shared: join(folder, 'shared'),
    heapBytes: 128 * MIB,
    memoryBytes: 512 * MIB,
    onMemory: () => {},
  });
  await expect(started).rejects.toMatchObject({
    name: 'ItemProcessStartError',
    message: expect.stringMatching(/^an item process ended while it started: .*EnvironmentError.*SLUICE_QUEUE_URL/s),
  });
  await rm(folder, { recursive: true, force: true });
});
