import { gzipSync } from 'node:zlib';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { readInput } from '#lambdas/plan/input.ts';
import { planRun } from '#lambdas/plan/plan.ts';
import { AlreadyClaimedError, InvalidInputError } from '#run/errors.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { plannedItems } from '#run/ledger/progress.ts';
import { gateSchema } from '#run/settings/gate.ts';
import { listKeys, type Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { endRun, failureRecord, landedRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';
import { startWeb } from '#test/helpers/web.ts';

const aws = useEmbeddedAws();

/** Of a deployment with `workers.parquet=false`. */
const processors = ['profile', 'scrape', 'unpack'];

const claimOf = (runId: string, startedAt = '2026-11-24T01:00:05.000Z') => ({
  v: 1 as const,
  runId,
  executionArn: `arn:aws:states:us-east-1:000000000000:execution:sluice:${runId}`,
  startedAt,
});

function plan(store: Store, typed: unknown, claim = claimOf('run'), hasEnded = async () => false) {
  const input = readInput(typed, {
    runId: claim.runId,
    defaultInput: undefined,
    gate: gateSchema.parse({ waitFor: [{ check: 'ledger' }, { check: 'queue' }] }),
    processors,
  });
  return planRun(store, {
    input,
    claim,
    processors,
    sourcesPerBatch: 50,
    limits: { items: 200, hours: 2 },
    hasWarehouse: true,
    hasEnded,
    sourceGuard: LOOPBACK,
  });
}

async function problemsOf(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidInputError);
  return (error as InvalidInputError).problems;
}

async function put(store: Store, key: string, body: string | Uint8Array): Promise<void> {
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: body }));
}

describe('planRun', () => {
  it('Plan refuses more items than a run may have, and records when the run’s time is up', async () => {
    const store = await aws.store();
    const urls = Array.from({ length: 201 }, (_, index) => ({ url: `https://example.org/${index}` }));
    expect(await problemsOf(plan(store, { sources: urls }))).toEqual([
      'input: names more than the 200 items that the setting limits.items allows',
    ]);
    const { startedAt, stopAt } = await plan(store, { sources: urls.slice(1) });
    expect(Date.parse(stopAt ?? '') - Date.parse(startedAt)).toBe(7_200_000);
  });

  it('Plan fills templates from the scheduled time, so that a late run names the same files', async () => {
    const store = await aws.store();
    const input = {
      sources: [{ url: 'https://example.org/trips-{yyyy}-{MM}.csv', key: 'raw/{yyyy}/{MM}/trips.csv' }],
      scheduledTime: '2026-10-31T22:30:00Z',
      timeZone: 'Europe/Berlin',
      process: 'profile',
    };
    const first = await plan(store, input, claimOf('on-time'));
    const late = await plan(store, input, claimOf('a-day-late', '2026-11-02T09:00:00.000Z'));
    const [item] = await Array.fromAsync(plannedItems(store, first));
    const [lateItem] = await Array.fromAsync(plannedItems(store, late));
    expect(item).toMatchObject({
      url: 'https://example.org/trips-2026-10.csv',
      key: 'raw/2026/10/trips.csv',
      process: { processor: 'profile', options: {} },
    });
    expect(lateItem).toEqual(item);
  });

  it('Plan makes a batch of each source of a short run, and batches of fifty for a long run', async () => {
    const store = await aws.store();
    const sources = (count: number) => Array.from({ length: count }, (_, n) => ({ url: `https://example.org/${n}` }));
    expect(await plan(store, { sources: sources(3) }, claimOf('short'))).toMatchObject({ items: 3, batches: 3 });
    expect(await plan(store, { sources: sources(120) }, claimOf('long'))).toMatchObject({ items: 120, batches: 3 });
  });

  it('Plan lists every problem of sources and list at once, and writes nothing', async () => {
    const store = await aws.store();
    await put(store, 'lists/bad.jsonl', '{"url":"https://example.org/ok"}\n{"url":"nonsense"}\n\n{"key":"a"}\n');
    const problems = await problemsOf(
      plan(store, {
        sources: [
          { url: 'https://example.org/{yy}' },
          { url: 'https://example.org/a', key: 'same' },
          { url: 'https://example.org/b', key: 'same' },
          { url: 'https://example.org/' },
        ],
        sourcesFrom: { key: 'lists/bad.jsonl' },
      }),
    );
    expect(problems).toEqual([
      expect.stringMatching(/^sources\[0\]\.url: takes the template fields/),
      expect.stringMatching(/^same: two sources would land at this key/),
      expect.stringMatching(/^sources\[3\]\.key: takes no empty.*give a key/),
      'sourcesFrom line 2.url: takes an absolute URL, got "nonsense"',
      expect.stringMatching(/^sourcesFrom line 4\.url: /),
    ]);
    expect(await Array.fromAsync(listKeys(store, 'runs/'))).toEqual([]);
  });

  it.each([
    ['lists/a.jsonl', '{"url":"https://example.org/1"}\n{"url":"https://example.org/2","key":"two"}\n'],
    ['lists/a.csv', 'url,key\nhttps://example.org/1,\n"https://example.org/2",two\n'],
    ['lists/a.txt', '# mine\nhttps://example.org/1\r\n\nhttps://example.org/2\n'],
  ])('reads %s, compressed too', async (key, text) => {
    const store = await aws.store();
    await put(store, key, text);
    await put(store, `${key}.gz`, gzipSync(text));
    for (const name of [key, `${key}.gz`]) {
      const runId = name.replaceAll(/[/.]/g, '-');
      const items = await Array.fromAsync(
        plannedItems(store, await plan(store, { sourcesFrom: { key: name } }, claimOf(runId))),
      );
      expect(items.map((item) => item.kind === 'source' && item.url)).toEqual([
        'https://example.org/1',
        'https://example.org/2',
      ]);
    }
  });

  it('Plan refuses a processor that is not deployed, in any field, before anything is done', async () => {
    const store = await aws.store();
    const named = async () =>
      plan(store, {
        process: 'parquet',
        sources: [
          { url: 'https://example.org/a', process: 'profile' },
          { url: 'https://example.org/b', process: { processor: 'parquet' } },
          {
            url: 'https://example.org/c',
            process: { processor: 'unpack', options: { process: { processor: 'parquet' } } },
          },
        ],
        work: [{ processor: 'parquet' }],
      });
    const problem = 'parquet is not deployed here, only profile, scrape, unpack';
    expect(await problemsOf(named())).toEqual(
      ['process', 'sources[1].process', 'sources[2].process.options.process', 'work[0].processor'].map((path) =>
        expect.stringContaining(`${path}: ${problem}; deploy with workers.parquet=true`),
      ),
    );
    await put(store, 'lists/a.csv', 'url,processor\nhttps://example.org/1,profile\nhttps://example.org/2,parquet\n');
    expect(await problemsOf(plan(store, { sourcesFrom: { key: 'lists/a.csv' } }))).toEqual([
      expect.stringContaining(`sourcesFrom line 3.process: ${problem}`),
    ]);
    expect(await Array.fromAsync(listKeys(store, 'runs/'))).toEqual([]);
  });

  it('Plan reports wrong shapes and broken rules at once, with the indexes of their entries', async () => {
    const store = await aws.store();
    const planning = (async () =>
      plan(store, {
        sources: [{ url: 'nonsense' }, { url: 'https://example.org/a', process: 'parquet' }],
        work: [{ processor: 'nope' }, { processor: 'parquet' }],
        deadlineMinutes: 99,
        onLate: 'never',
        typo: 1,
        waitFor: [{ check: 'lambda', function: 'arn:aws:lambda:us-east-1:123456789012:function:other' }],
      }))();
    expect(await problemsOf(planning)).toEqual([
      'sources[0].url: takes an absolute URL, got "nonsense"',
      'onLate: takes one of partial, fail, got "never"',
      'input: there is no field "typo"',
      expect.stringMatching(/^deadlineMinutes: takes at most 25/),
      expect.stringMatching(/^waitFor\[0\]\.function: the gatekeeper may not call/),
      expect.stringMatching(/^sources\[1\]\.process: parquet is not deployed here/),
      expect.stringMatching(/^work\[0\]\.processor: there is no processor "nope" here/),
      expect.stringMatching(/^work\[1\]\.processor: parquet is not deployed here/),
    ]);
  });

  it('Plan refuses a list whose upload was interrupted, by name, and leaves nothing behind', async () => {
    const store = await aws.store();
    const list = gzipSync(Array.from({ length: 150 }, (_, n) => `https://example.org/${n}-${n * n}.csv\n`).join(''));
    await put(store, 'lists/cut.txt.gz', list.subarray(0, -100));
    expect(await problemsOf(plan(store, { sourcesFrom: { key: 'lists/cut.txt.gz' } }))).toContain(
      `sourcesFrom: s3://${store.bucket}/lists/cut.txt.gz: its gzip data is cut: unexpected end of file`,
    );
    expect(await Array.fromAsync(listKeys(store, 'runs/'))).toEqual([]);
  });

  it('Plan reads a list at a URL, with its templates filled, once for both passes', async () => {
    const web = await startWeb((_, response) => {
      const body = '{"url":"https://example.org/{yyyy-MM-dd|-1d}.csv","key":"yesterday/{dd|-1d}.csv"}\n';
      response.writeHead(200, { 'content-length': body.length }).end(body);
    });
    const store = await aws.store();
    const sourcesFrom = { url: `${web.url}/{yyyyMMdd|-1d}.jsonl` };
    const planned = await plan(store, { sourcesFrom, scheduledTime: '2026-03-01T00:00:00Z' });
    await web.stop();
    expect(web.requests).toEqual(['GET /20260228.jsonl']);
    expect(await Array.fromAsync(plannedItems(store, planned))).toMatchObject([
      { url: 'https://example.org/2026-02-28.csv', key: 'yesterday/28.csv' },
    ]);
  });

  it('Plan sends no request for a list to an address that sources may not have', async () => {
    const store = await aws.store();
    expect(await problemsOf(plan(store, { sourcesFrom: { url: 'http://169.254.169.254/list.csv' } }))).toEqual([
      expect.stringMatching(/^sourcesFrom: http:\/\/169\.254\.169\.254\/list\.csv: .*link-local/),
    ]);
  });

  it('Plan reports what is wrong with a template in the name of a list', async () => {
    const store = await aws.store();
    expect(await problemsOf(plan(store, { sourcesFrom: { key: 'lists/{day}.csv' } }))).toEqual([
      expect.stringMatching(/^sourcesFrom\.key: takes the template fields.*"\{day\}"/),
    ]);
  });

  it('Plan gives different keys to the two hours that a clock change repeats', async () => {
    const store = await aws.store();
    const keysAt = async (scheduledTime: string, runId: string) => {
      const sources = [{ url: 'https://example.org/plain.csv', key: 'h/{yyyy-MM-dd-HH}{Z}.csv' }];
      const planned = await plan(store, { scheduledTime, timeZone: 'Europe/Berlin', sources }, claimOf(runId));
      return (await Array.fromAsync(plannedItems(store, planned))).map((item) => item.kind === 'source' && item.key);
    };
    expect(await keysAt('2024-10-27T00:30:00Z', 'first')).toEqual(['h/2024-10-27-02+0200.csv']);
    expect(await keysAt('2024-10-27T01:30:00Z', 'second')).toEqual(['h/2024-10-27-02+0100.csv']);
  });

  it.each(['', '\ufeff', '\n\n# nothing\n'])('Plan refuses a list that names no source: %j', async (text) => {
    const store = await aws.store();
    await put(store, 'lists/empty.txt', text);
    expect(await problemsOf(plan(store, { sourcesFrom: { key: 'lists/empty.txt' } }))).toEqual([
      'sourcesFrom: the list names no source',
    ]);
  });

  it('Plan names a list that does not exist', async () => {
    const store = await aws.store();
    const problems = await problemsOf(plan(store, { sourcesFrom: { key: 'lists/none.csv' } }));
    expect(problems).toEqual([
      expect.stringContaining(`sourcesFrom: s3://${store.bucket}/lists/none.csv: can't be read`),
    ]);
  });

  it('Plan refuses an input without sources, and a deadline that the gate would not reach', async () => {
    const store = await aws.store();
    expect(await problemsOf(plan(store, {}))).toEqual([expect.stringContaining('names no source and no work')]);
    const late = (async () => plan(store, { work: [{ processor: 'scrape' }], deadlineMinutes: 26 }))();
    expect(await problemsOf(late)).toEqual([expect.stringContaining('deadlineMinutes: takes at most 25')]);
  });

  it("Plan uses the settings' checks if the input names none, and otherwise the input's own", async () => {
    const store = await aws.store();
    const sources = [{ url: 'https://example.org/a' }];
    expect((await plan(store, { sources }, claimOf('none'))).waitFor).toEqual([
      { check: 'ledger' },
      { check: 'queue' },
    ]);
    const own = [{ check: 'objects', prefix: 'exports/', count: 1 }];
    expect((await plan(store, { sources, waitFor: own }, claimOf('own'))).waitFor).toEqual(own);
  });

  it('Plan returns the same plan when the same execution calls it again', async () => {
    const store = await aws.store();
    const input = { sources: [{ url: 'https://example.org/a' }] };
    const first = await plan(store, input);
    expect(await plan(store, input)).toEqual(first);
  });

  it('Plan refuses a run id that an earlier execution of the same name has used', async () => {
    const store = await aws.store();
    const input = { sources: [{ url: 'https://example.org/a' }] };
    await plan(store, input, claimOf('again', '2026-01-01T00:00:00.000Z'));
    await expect(plan(store, input, claimOf('again'))).rejects.toThrow(AlreadyClaimedError);
  });

  describe('a schedule that fires twice for one slot', () => {
    const slot = {
      sources: [{ url: 'https://example.org/a' }],
      schedule: 'nightly',
      scheduledTime: '2026-11-24T01:00:00Z',
    };

    it('a schedule that fires twice for one slot runs once: the second start is refused with the name of the first', async () => {
      const store = await aws.store();
      await plan(store, slot, claimOf('first'));
      await expect(plan(store, slot, claimOf('second'))).rejects.toThrow(/belongs to run first/);
      expect(await Array.fromAsync(listKeys(store, runKeys('second').claim))).toEqual([]);
    });

    it.each([
      ['of years to come', '2031-01-01T00:00:00Z'],
      ['of six minutes after the start', new Date(Date.parse(claimOf('x').startedAt) + 360_000).toISOString()],
    ])('a slot %s is refused, and nothing is left behind', async (_, scheduledTime) => {
      const store = await aws.store();
      const early = plan(store, { ...slot, scheduledTime }, claimOf('early'));
      await expect(early).rejects.toThrow(/scheduledTime: the slot .* of schedule nightly is in the future/);
      expect(await Array.fromAsync(listKeys(store, ''))).toEqual([]);
    });

    it('a slot is passed on when its first execution has failed', async () => {
      const store = await aws.store();
      await plan(store, slot, claimOf('first'));
      await plan(store, slot, claimOf('second'), async () => true);
      await expect(plan(store, slot, claimOf('third'))).rejects.toThrow(/belongs to run second/);
    });
  });

  describe('a destination', () => {
    it('a destination is a template of the time and of the name, for sources and for work', async () => {
      const store = await aws.store();
      const summary = await plan(store, {
        scheduledTime: '2026-11-24T02:00:00Z',
        sources: [{ url: 'https://example.org/t', key: 'raw/trips.csv.gz' }],
        work: [{ name: 'site', processor: 'scrape', to: 'tables/pages/{yyyy}/', mode: 'append' }],
        process: { processor: 'profile', to: 'tables/{name}/day={yyyy-MM-dd}/' },
      });
      const items = await Array.fromAsync(plannedItems(store, summary));
      expect(items.map(({ process }) => process)).toMatchObject([
        { processor: 'profile', to: 'tables/trips/day=2026-11-24/' },
        { processor: 'scrape', to: 'tables/pages/2026/', mode: 'append' },
      ]);
    });

    it.each([
      ['raw/x/', /^process\.to|sources\[0\]\.process\.to: takes a prefix below tables\//],
      ['tables/x', /takes a prefix below tables\/ that ends in a slash/],
      ['tables/', /takes a prefix below tables\//],
      ['tables/../x/', /takes no empty, "." or ".." segment/],
      ['tables/{week}/', /takes the template fields/],
    ])('a destination %s is refused', async (to, problem) => {
      const store = await aws.store();
      const sources = [{ url: 'https://example.org/t', key: 'a' }];
      const planning = (async () => plan(store, { sources, process: { processor: 'profile', to } }))();
      expect(await problemsOf(planning)).toEqual([expect.stringMatching(problem)]);
    });
  });

  describe('a rerun', () => {
    it('a rerun plans exactly the failed and missing items of the earlier run, and links the two runs both ways', async () => {
      const store = await aws.store();
      const sources = ['done', 'failed', 'missing'].map((name) => ({ url: `https://example.org/${name}`, key: name }));
      const first = await plan(store, { sources }, claimOf('first'));
      const [done, failed] = await Array.fromAsync(plannedItems(store, first));
      if (done === undefined || failed === undefined) throw new Error('the first run has no items');
      await record(store, 'landed', landedRecord('first', done, store.bucket));
      await record(store, 'failures', failureRecord('first', failed));
      expect(await problemsOf(plan(store, { rerunOf: 'first' }, claimOf('early')))).toEqual([
        expect.stringContaining('rerunOf: run first is still under way'),
      ]);
      await endRun(store, first, { forced: true, reason: 'late' });

      const again = await plan(store, { rerunOf: 'first' }, claimOf('again'));
      const names = (await Array.fromAsync(plannedItems(store, again))).map(
        (item) => item.kind === 'source' && item.key,
      );
      expect(names).toEqual(['failed', 'missing']);
      expect(again.rerunOf).toBe('first');
      expect(await Array.fromAsync(listKeys(store, runKeys('first').rerun('again')))).toHaveLength(1);
    });

    it('a rerun names the run that landed a source which lacks only its result, and uses the given processor', async () => {
      const store = await aws.store();
      const first = await plan(
        store,
        { sources: [{ url: 'https://example.org/a', key: 'in/a.csv' }] },
        claimOf('first'),
      );
      const [landed] = await Array.fromAsync(plannedItems(store, first));
      if (landed === undefined) throw new Error('the first run has no items');
      await record(store, 'landed', landedRecord('first', landed, store.bucket));
      await endRun(store, first, { forced: true, reason: 'late' });
      expect(await problemsOf(plan(store, { rerunOf: 'first' }, claimOf('none')))).toEqual([
        'rerunOf: run first has no failed or missing items',
      ]);
      const process = { processor: 'profile', to: 'tables/{name}/' };
      const again = await plan(store, { rerunOf: 'first', process }, claimOf('again'));
      expect(await Array.fromAsync(plannedItems(store, again))).toEqual([
        { ...landed, landedIn: 'first', process: { processor: 'profile', options: {}, to: 'tables/a/' } },
      ]);
    });

    it('a rerun of items whose processor is not deployed any more is refused', async () => {
      const store = await aws.store();
      const item = sourceNamed('a', { processor: 'parquet', options: {} });
      await endRun(store, await writePlan(store, 'first', [item]), { forced: true, reason: 'late' });
      expect(await problemsOf(plan(store, { rerunOf: 'first' }, claimOf('again')))).toEqual([
        expect.stringContaining('rerunOf: a: parquet is not deployed here'),
      ]);
    });

    it.each([
      [{ rerunOf: 'none' }, /^rerunOf: there is no run none/],
      [{ rerunOf: 'none', work: [] }, /^rerunOf: takes its items from the earlier run/],
    ])('a rerun of %j is refused', async (input, problem) => {
      const store = await aws.store();
      const planning = (async () => plan(store, input))();
      expect(await problemsOf(planning)).toEqual([expect.stringMatching(problem)]);
    });
  });
});
