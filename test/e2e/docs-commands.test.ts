// @module-tag heavy
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runSluice } from '#test/helpers/cli.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { commandsOf, type Page, userPages } from '#test/helpers/markdown.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

/**
 * Runs each `sluice` command of README and docs against a deployment, page by page and in the page's order, with the
 * page's own files. In a command and in a file stand this test's own in place of `example.org`, `my-bucket`, `<run>`
 * and yesterday's date.
 */
const aws = await useDeployedAws('docs');

/** Commands that need more than a deployment, and what else runs them. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'run --input wait.json': 'a function of the reader’s answers its gate; test/e2e/landing.test.ts waits for functions',
  'run --input count.json': 'the deployment needs the processor; test/deploys/library.test.ts deploys and runs it',
  'run --local --input scrape.json': '"npm start -- --keep" has to run; the same command without --local is run here',
  wlm: 'there is no warehouse; test/e2e/warehouse.test.ts runs it',
  'wlm --cluster analytics --days 3 --html wlm.html': 'there is no warehouse',
  'wlm --json': 'there is no warehouse',
};
/** What ends with another code than 0, as the page says. */
const ENDS_WITH: Readonly<Record<string, number>> = {
  // The run that pages speak of has an item that failed.
  'report <run>': 3,
  'report <run> --open': 3,
  'report RUN --open': 3,
  'watch RUN --page': 3,
  // Nobody serves the ten terabytes.
  'watch <run> --page': 1,
};

const isSluice = (words: readonly string[]) => words[0] === 'npx' && words[1] === 'sluice';
const pages = userPages()
  .map((page) => ({
    page,
    commands: commandsOf(page)
      .filter(isSluice)
      .map((words) => words.slice(2)),
  }))
  .filter(({ commands }) => commands.length > 0);
const lineOf = (words: readonly string[]) => words.join(' ');

const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString().slice(0, 10);
let web: Web;
let scratch: string;
/** A run with two items that landed, and one whose source is there again when it is retried. */
let partial: string;
let going: string;
let isThere = false;
let letGo = () => {};

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const table = 'id,price,zip,country\n1,2.50,01067,DE\n2,NA,10115,DE\n3,4.00,75001,FR\n';
  web = await startWeb(async (request, response) => {
    const path = request.url ?? '';
    if (path === '/late.csv') await held;
    if (path === '/robots.txt' || (path === '/gone.csv' && !isThere)) return void response.writeHead(404).end();
    if (path === '/token') {
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ access_token: 'token', token_type: 'Bearer', expires_in: 3_600 }));
    }
    if (path === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<title>a page</title>');
    response.setHeader('content-type', 'text/csv');
    // The hash in the page is that of an empty file.
    response.end(path.includes('.tar') ? '' : path.includes('.gz') ? gzipSync(table) : table);
  });
  const secrets = new SecretsManagerClient(aws.client);
  const SecretString = JSON.stringify({ token: 'secret', client: 'secret' });
  await secrets.send(new CreateSecretCommand({ Name: 'vendor/api', SecretString }));
  // A browser that opens nothing.
  await mkdir(join(scratch, 'bin'));
  await writeFile(join(scratch, 'bin/xdg-open'), '#!/bin/sh\n');
  await chmod(join(scratch, 'bin/xdg-open'), 0o755);
  const keys = ['raw/access.log.gz', 'raw/orders.csv', 'raw/gone.csv'];
  const run = await aws.run({
    sources: keys.map((key) => ({ url: `${web.url}/${key.replace('raw/', '')}`, key })),
    process: 'profile',
  });
  expect(run.manifest?.outcome).toBe('partial');
  partial = run.runId;
  isThere = true;
  going = crypto.randomUUID();
  await aws.start({ sources: [{ url: `${web.url}/late.csv`, key: 'raw/late.csv' }] }, going);
});
afterAll(async () => {
  letGo();
  await web.stop();
  await rm(scratch, { recursive: true, force: true });
});

it.each(pages.map(({ page, commands }) => [page.path, page, commands] as const))(
  '%s: each command does what the page says',
  async (path, page, commands) => {
    const folder = join(scratch, path.replaceAll('/', '-'));
    await mkdir(folder);
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const file of new Set(commands.flat().filter((word) => /^[a-z-]+\.(?:json|txt)$/.test(word)))) {
        await writeFile(file, file.endsWith('.txt') ? `${web.url}/a.csv\n${web.url}/b.csv\n` : inputOf(page));
      }
      // The processors of the page's own settings.
      const [settings] = objectsOf(page).filter((value) => 'context' in value);
      if (settings !== undefined) await writeFile('cdk.json', JSON.stringify(settings));
      let run = partial;
      for (const words of commands) {
        const line = lineOf(words);
        if (line in NOT_RUN) continue;
        const { code, out, err } = await runSluice(asTyped(words, run), environment());
        expect(code, `npx sluice ${line}\n${out}\n${err}`).toBe(ENDS_WITH[line] ?? 0);
        run = /^Run (\S+) has started\.$/m.exec(err)?.[1] ?? (words.includes('--detach') ? out.trim() : run);
      }
    } finally {
      process.chdir(before);
    }
  },
);

it('the test runs every command of the docs except a few, and names the page of each exception', () => {
  const lines = new Set(pages.flatMap(({ commands }) => commands.map(lineOf)));
  expect([...Object.keys(NOT_RUN), ...Object.keys(ENDS_WITH)].filter((line) => !lines.has(line))).toEqual([]);
  expect(Object.keys(NOT_RUN).length).toBeLessThan(lines.size / 6);
});

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(scratch, 'bin')}:${process.env.PATH}`,
    XDG_STATE_HOME: scratch,
    AWS_ENDPOINT_URL: aws.client.endpoint,
    AWS_REGION: aws.client.region,
    AWS_ACCESS_KEY_ID: aws.client.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.client.credentials.secretAccessKey,
  };
}

/** A text of the pages with this test's server and bucket in it. */
function here(text: string): string {
  return text
    .replaceAll(/https?:\/\/(?:[a-z]+\.)?example\.org/g, web.url)
    .replaceAll(/s3:\/\/(?:my-bucket|\$SLUICE_BUCKET)/g, `s3://${aws.store.bucket}`)
    .replaceAll('http://127.0.0.1:9000', aws.client.endpoint)
    .replaceAll('…', 'secret');
}

/** @param run the last one that the page has started. */
function asTyped([name = '', ...words]: readonly string[], run: string): string[] {
  const named = name === 'retry' || name === 'report' || name === 'items' || name === 'logs' ? partial : run;
  const given = words.map((word) => {
    if (word === '<run>' || word === 'RUN') return name === 'cancel' ? going : named;
    return here(word).replace('raw/orders/2026-11-26', `raw/orders/${yesterday}`);
  });
  return [name, ...given];
}

/** The execution input that the page shows, or that of its schedule. */
function inputOf(page: Page): string {
  const values = objectsOf(page);
  const schedules = values.flatMap(({ context }) => context?.sluice?.schedules ?? []);
  const input = values.find((value) => 'sources' in value || 'work' in value) ?? schedules[0]?.input;
  return here(JSON.stringify(input));
}

function objectsOf({ blocks }: Page) {
  return blocks.filter(({ kind }) => kind === 'json').map(({ text }) => JSON.parse(text));
}
