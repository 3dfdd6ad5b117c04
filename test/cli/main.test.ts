import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { useEmbeddedAws } from '#test/helpers/aws.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const aws = useEmbeddedAws();

function sluice(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: aws.childEnv() }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('sluice', () => {
  it('tells how it is used', async () => {
    const { code, out } = await sluice('--help');
    expect([code, out]).toEqual([0, expect.stringContaining('sluice run [URL …]')]);
  });

  it.each([
    ['an unknown command', ['retrye'], 'there is no command "retrye"'],
    ['an unknown option', ['run', '--colour'], '--colour'],
    ['a report of nothing', ['report'], 'takes one run'],
    ['a retry of two runs', ['retry', 'a', 'b'], '"sluice retry" takes one run'],
  ])('ends with 2 for %s', async (_, args, message) => {
    const { code, err } = await sluice(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it('says which stack it looked for, and where', async () => {
    const { code, err } = await sluice('watch', 'night', '--stack', 'Nowhere');
    expect([code, err]).toEqual([1, expect.stringContaining('there is no stack "Nowhere" in us-east-1')]);
  });
});
