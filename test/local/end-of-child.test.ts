import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { endOfChild } from '#local/end-of-child.ts';

function start(script: string) {
  const child = spawn(process.execPath, ['-e', `${script}; console.log("ready")`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, ready: once(child.stdout, 'data'), ended: once(child, 'close') };
}

it('a child that does not end by itself is killed at its limit', async () => {
  const { child, ready, ended } = start('setInterval(() => {}, 1_000); process.on("SIGTERM", () => {})');
  await ready;
  child.kill('SIGTERM');
  await endOfChild(child, ended, 0.2);
  expect(child.signalCode).toBe('SIGKILL');
});

it('a child that ends by itself is not killed', async () => {
  const { child, ready, ended } = start('process.stdin.resume()');
  await ready;
  child.stdin.end();
  await endOfChild(child, ended, 60);
  expect(child.exitCode).toBe(0);
});
