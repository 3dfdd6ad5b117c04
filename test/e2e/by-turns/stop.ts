import { expect, it } from 'vitest';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { startWeb } from '#test/helpers/web.ts';
import { workerProcesses } from '#test/helpers/worker-processes.ts';

const aws = await useDeployedAws('by-turns');

it.runIf(process.platform === 'linux')(
  'sluice stop leaves no run and no worker, so that the stack can go',
  async () => {
    // It answers when all is stopped, so that the worker has something at hand until then.
    const stopped = Promise.withResolvers<void>();
    const web = await startWeb(async (request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      await stopped.promise;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>held</title>');
    });
    const arn = await aws.start({ work: [{ processor: 'scrape', name: 'held', input: { url: `${web.url}/held` } }] });
    await expect.poll(() => web.requests.includes('GET /held')).toBe(true);

    const { out } = await aws.sluice('stop');
    const run = await aws.end(arn);
    expect(run.status).toBe('ABORTED');
    expect(out).toContain(`Run ${run.runId} is stopped.`);
    expect(out).toMatch(/Worker \S+ is told to stop\.\n/);
    expect(out).toMatch(/Nothing runs\.\n$/);
    // The embedded AWS says that a task is stopped as soon as it is told to. A worker may finish what it has at hand.
    stopped.resolve();
    await expect.poll(() => workerProcesses(aws.queue.url)).toEqual([]);
    // EventBridge has the run closed.
    await expect
      .poll(() => readJson(aws.store, runKeys(run.runId).manifest, manifestSchema))
      .toMatchObject({ outcome: 'failed', execution: { status: 'ABORTED', redriveCount: 0 } });
    await web.stop();
  },
);
