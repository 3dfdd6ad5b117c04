import { expect, it } from 'vitest';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { startWeb } from '#test/helpers/web.ts';
import { workerProcesses } from '#test/helpers/worker-processes.ts';

const aws = await useDeployedAws('by-turns');

it.runIf(process.platform === 'linux')(
  'sluice stop ends all runs and workers, so that the stack can be deleted',
  async () => {
    // It answers when everything is stopped, so that the worker is busy until then.
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
    expect(out).toMatch(/Worker \S+ was asked to stop\.\n/);
    expect(out).toMatch(/Nothing runs\.\n$/);
    // The embedded AWS reports a task as stopped as soon as it was asked to stop. A worker may finish its item.
    stopped.resolve();
    await expect.poll(() => workerProcesses(aws.queue.url)).toEqual([]);
    // EventBridge starts the closing of the run.
    await expect
      .poll(() => readJson(aws.store, runKeys(run.runId).manifest, manifestSchema))
      .toMatchObject({ outcome: 'failed', execution: { status: 'ABORTED', redriveCount: 0 } });
    await web.stop();
  },
);
