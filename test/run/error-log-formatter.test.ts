import { Logger } from '@aws-lambda-powertools/logger';
import { afterEach, expect, it, vi } from 'vitest';
import { guardedAgent, guardedRequest } from '#net/dial/guarded-http.ts';
import { ErrorLogFormatter } from '#run/error-log-formatter.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';

afterEach(() => vi.restoreAllMocks());

/** The line that a logger of ours writes for some fields. */
function lineOf(fields: Record<string, unknown>): string {
  const lines: string[] = [];
  // The logger writes by a console of its own making, or by the global one in tests.
  const logger = new Logger({ serviceName: 'test', logFormatter: new ErrorLogFormatter() });
  const write = (line: string) => void lines.push(line);
  for (const target of [console, (logger as unknown as { console: Console }).console]) {
    vi.spyOn(target, 'error').mockImplementation(write);
  }
  logger.error('failed', fields);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

it('the log line does not contain the answer of a source, which undici stores in a field of its error', async () => {
  const secret = `planted-${crypto.randomUUID()}`;
  await using server = await startRawServer((socket) => socket.end(`no HTTP: authorization: Bearer ${secret}\r\n\r\n`));
  const agent = guardedAgent(LOOPBACK, { connectSeconds: 10 });
  const error = await guardedRequest(agent, new URL(server.url)).catch((reason: unknown) => reason);
  await agent.destroy();
  // Without the formatter the secret would be in the line: the field is what this test is about.
  expect(JSON.stringify({ ...(error as object) })).toContain(secret);
  for (const fields of [
    { error: error as Error },
    { error: new Error('outer', { cause: new Error('middle', { cause: error }) }) },
    { attempt: { reason: error } },
    { error: new AggregateError([error], 'all of them') },
    { error: new Error('with an object', { cause: { secret } }) },
  ]) {
    const line = lineOf(fields);
    expect(line).toContain('failed');
    expect(line).not.toContain(secret);
  }
});

it('a log line has name, message, stack and code of an error and of each cause', () => {
  const cause = Object.assign(new TypeError('inner'), { code: 'EINNER', other: 'left out' });
  const line = JSON.parse(lineOf({ error: new Error('outer', { cause }) })) as Record<string, unknown>;
  expect(line.error).toEqual({
    name: 'Error',
    message: 'outer',
    stack: expect.stringContaining('error-log-formatter.test'),
    cause: { name: 'TypeError', message: 'inner', stack: expect.any(String), code: 'EINNER' },
  });
});

it('a log line ends a chain of causes that is a circle, and shortens long texts', () => {
  const error = new Error('x'.repeat(100_000));
  error.cause = error;
  expect(lineOf({ error }).length).toBeLessThan(100_000);
});
