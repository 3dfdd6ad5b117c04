import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { logged } from '#lambdas/logged.ts';
import { logger } from '#lambdas/logger.ts';
import { NotReadyError } from '#run/errors.ts';

let written: string[];
beforeEach(() => {
  written = [];
  // Errors go to the other one; Lambda takes both.
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
  }
});
afterEach(() => vi.restoreAllMocks());

const lines = () =>
  written
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const context = { functionName: 'Sluice-slice', awsRequestId: 'request-1' } as Context;

it('a call has a line at its beginning and at its end, and every line names its run, item and slice', async () => {
  const handler = logged(async (payload: { slice: number }, _: Context) => {
    logger.info('within');
    return payload.slice;
  });
  const payload = { runId: 'run-1', item: 'abc', slice: 3, call: 1, url: 'https://example.org/?token=s3cret' };
  expect(await handler(payload, context)).toBe(3);
  expect(lines().map(({ message }) => message)).toEqual(['begins', 'within', 'ends']);
  for (const line of lines()) {
    expect(line).toMatchObject({
      level: 'INFO',
      service: 'sluice',
      function_name: 'Sluice-slice',
      function_request_id: 'request-1',
      runId: 'run-1',
      item: 'abc',
      slice: 3,
    });
    expect(line.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  expect(lines()[2]).toMatchObject({ outcome: 'ok', seconds: expect.any(Number) });
  expect(written.join('')).not.toContain('s3cret');
});

it('the end of a call that fails names the error, and the next call has none of its ids', async () => {
  const failing = logged(async (_: unknown) => {
    throw new TypeError('broken');
  });
  await expect(failing({ runId: 'run-2' })).rejects.toThrow('broken');
  await logged(async (_: unknown) => undefined)({});
  const [, end, next] = lines();
  expect(end).toMatchObject({ level: 'ERROR', message: 'ends', outcome: 'TypeError', runId: 'run-2' });
  expect(end.error).toMatchObject({ name: 'TypeError', message: 'broken' });
  expect(next).not.toHaveProperty('runId');
});

it('a gatekeeper that waits is not logged as a failure', async () => {
  const waiting = logged(async (_: unknown) => {
    throw new NotReadyError('1 of 2 done');
  });
  await expect(waiting({ runId: 'run-3' })).rejects.toThrow(NotReadyError);
  expect(lines()[1]).toMatchObject({ level: 'INFO', outcome: 'NotReadyError' });
});

it("the log line finds the run id in the name of an execution in EventBridge's event", async () => {
  await logged(async (_: unknown) => undefined)({ name: 'run-4', executionArn: 'arn:of:run-4' });
  expect(lines()[0]).toMatchObject({ runId: 'run-4' });
});
