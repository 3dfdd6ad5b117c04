import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { s3Errors, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { openTransfer, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it('abandon aborts the upload of a transfer whose signal has aborted', async () => {
  await using source = await startSourceServer({ file: { seed: 1, length: 12 * MIB } });
  const stop = new AbortController();
  const destination = landing.destination('stopped');
  const options = { ...OPTIONS, signal: stop.signal };
  const opened = await openTransfer({ url: source.url }, destination, options);
  if (opened.kind !== 'ranged') throw new Error(opened.kind);
  stop.abort(new Error('stopped'));
  await opened.transfer.abandon();
  await landing.expectNothing('stopped');
});

it("abandon throws an AbortController's own reason, to whose message nothing can be added", async () => {
  await using source = await startSourceServer({
    file: { seed: 1, length: 12 * MIB },
    rules: [{ faults: faults.drip(3_000_000) }],
  });
  await using proxy = await startS3FaultProxy(landing.s3.endpoint, {
    rules: [{ when: { operation: 'AbortMultipartUpload' }, fault: s3Errors.accessDenied }],
  });
  const stop = new AbortController();
  const destination = landing.destination('reason', { client: landing.s3.clientFor(proxy.endpoint) });
  const options = { ...OPTIONS, signal: stop.signal, onUploadCreated: () => stop.abort() };
  await expect(transfer({ url: source.url }, destination, options)).rejects.toMatchObject({ name: 'AbortError' });
});
