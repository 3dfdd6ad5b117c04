import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runScript } from '#test/helpers/run-script.ts';

const START = fileURLToPath(new URL('../../local/start.ts', import.meta.url));

const start = (...args: string[]) => runScript(START, ...args);

async function stopsAt(signal: NodeJS.Signals): Promise<void> {
  const child = spawn(process.execPath, [START], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) if (line.includes('Deploy')) break;
  child.kill(signal);
  child.stdout.resume();
  child.stderr.resume();
  // The pipes close when the last process that holds them is gone: cdk and what it has started among them.
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
}

describe('npm start', () => {
  it('npm start prints its usage', async () => {
    expect(await start('--help')).toMatchObject({ code: 0, out: expect.stringContaining('npm start -- URL URL …') });
  });

  it.each([
    ['what is no URL', ['nonsense'], 'sources[0].url: takes an absolute URL'],
    ['an unknown option', ['--colour'], '--colour'],
    [
      'an unknown processor',
      ['https://example.org/a', '--process', 'nope'],
      'process: there is no processor "nope" here',
    ],
    ['--redshift with --late', ['--redshift', '--late'], '--redshift and --late exclude each other'],
    ['--late with URLs', ['--late', 'https://example.org/a'], 'takes no URLs'],
  ])('npm start refuses %s before anything starts', async (_, args, message) => {
    const { code, out, err } = await start(...args);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(message)]);
  });

  it('npm start loads two tables with --redshift, and a second run does not change their rows', {
    tags: ['heavy'],
  }, async () => {
    const { code, out } = await start('--redshift');
    const folder = /^Files: (sluice-out\/\S+)\//m.exec(out)?.[1];
    // A quarter of a GiB.
    if (folder !== undefined) await rm(folder, { recursive: true });
    expect(out).not.toContain('Problem: ');
    expect(out).toMatch(/^raw\.airports +replace +3,376 +3,376 +deleted all rows and loaded 3,376$/m);
    expect(out).toMatch(/^raw\.seattle_weather +append +1,461 +1,461 +added nothing: its source is unchanged$/m);
    expect(out).toContain('Wait by hour of the day (UTC)');
    expect(code).toBe(0);
  });
  it('npm start stops everything that it has started at Ctrl-C', () => stopsAt('SIGINT'));
  it('npm start stops everything that it has started at SIGTERM', { tags: ['heavy'] }, () => stopsAt('SIGTERM'));
});
