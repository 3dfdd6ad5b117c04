import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NoLocalRunError, readLocalAws, removeLocalAws, writeLocalAws } from '#cli/deployment/local-aws.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

let folder: string;
let file: string;
let web: Web;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-local-'));
  file = join(folder, 'local-aws.json');
  web = await startWeb((_, response) => void response.writeHead(403).end());
});
afterEach(async () => {
  await web.stop();
  await rm(folder, { recursive: true, force: true });
});

const awsAt = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});

it('--local finds the embedded AWS that runs, and finds none after a kill has left its file', async () => {
  await writeLocalAws(awsAt(web.url), file);
  expect(await readLocalAws(file)).toEqual(awsAt(web.url));
  await web.stop();
  await expect(readLocalAws(file)).rejects.toThrow(NoLocalRunError);
});

it('an embedded AWS that ends does not remove the file of one that was started after it', async () => {
  await writeLocalAws(awsAt('http://127.0.0.1:1'), file);
  await writeLocalAws(awsAt(web.url), file);
  await removeLocalAws(awsAt('http://127.0.0.1:1'), file);
  expect(await readLocalAws(file)).toEqual(awsAt(web.url));
  await removeLocalAws(awsAt(web.url), file);
  await expect(access(file)).rejects.toThrow('ENOENT');
});
