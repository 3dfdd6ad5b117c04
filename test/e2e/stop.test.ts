import { expect, it } from 'vitest';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { startWeb } from '#test/helpers/web.ts';
import { workerProcesses } from '#test/helpers/worker-processes.ts';

const aws = useDeployedAws();

it.runIf(process.platform === 'linux')(
  'sluice stop leaves no run and no worker, so that the stack can go',
  async () => {
    // It never answers, so that the worker has something at hand.
    const web = await startWeb((request, response) => {
      if (request.url === '/robots.txt') response.writeHead(404).end();
    });
    const arn = await aws.start({ work: [{ processor: 'scrape', name: 'held', input: { url: `${web.url}/held` } }] });
    await expect.poll(() => web.requests.includes('GET /held'), { timeout: 60_000 }).toBe(true);

    const { out } = await aws.sluice('stop');
    const run = await aws.end(arn);
    expect(run.status).toBe('ABORTED');
    expect(out).toContain(`Run ${run.runId} is stopped.`);
    expect(out).toMatch(/Worker \S+ is told to stop\.\n/);
    expect(out).toMatch(/Nothing runs\.\n$/);
    // The embedded AWS says that a task is stopped a moment before its process has ended.
    await expect.poll(() => workerProcesses(aws.queue.url), { timeout: 30_000 }).toEqual([]);
    // EventBridge has the run closed.
    await expect
      .poll(() => readJson(aws.store, runKeys(run.runId).manifest, manifestSchema), { timeout: 30_000 })
      .toMatchObject({ outcome: 'failed', execution: { status: 'ABORTED', redriveCount: 0 } });
    await web.stop();
  },
);
