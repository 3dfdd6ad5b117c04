import { describe, expect, it } from 'vitest';
import { lastWord, renderRun } from '#cli/report/report.ts';
import { shown } from '#cli/screen/shown.ts';
import { renderTable } from '#cli/screen/table.ts';
import type { ItemLine, Manifest } from '#run/end/manifest.ts';
import { noteOf } from '#run/problem/note.ts';
import { problemOf } from '#run/problem/problem.ts';
import { sampleLoads } from '#test/helpers/page-samples.ts';

const at = '2026-11-24T12:00:00.000Z';
const manifest: Manifest = {
  v: 1,
  runId: 'night',
  executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:Sluice:night',
  startedAt: at,
  closedAt: '2026-11-24T12:00:12.500Z',
  rerunOf: null,
  outcome: 'partial',
  forced: true,
  reason: 'late',
  problem: problemOf(
    { code: 'gate-late', name: 'NotReadyError', message: 'the gate opened with 1 of 3 items missing' },
    { run: 'night' },
  ),
  counts: { items: 3, done: 1, failed: 1, missing: 1, landed: 1, unchanged: 0, skipped: 0, processed: 1 },
  dollars: null,
  bytes: 3 * 1_024 * 1_024,
  loads: [],
  notes: [],
  done: [{ item: 'a', name: 'raw/trips.csv' }],
  failed: [
    {
      item: 'b',
      name: 'raw/gone.csv',
      stage: 'transfer',
      problem: problemOf({ name: 'SourceRefusedError', message: 'answered 404' }, { run: 'night', item: 'b' }),
    },
  ],
  missing: [{ item: 'c', name: 'raw/slow.csv', landed: true }],
};
const base = { v: 1, runId: 'night', at } as const;
const items: ItemLine[] = [
  {
    item: 'a',
    name: 'raw/trips.csv',
    kind: 'source',
    status: 'done',
    landed: {
      ...base,
      item: 'a',
      name: 'raw/trips.csv',
      status: 'landed',
      bucket: 'bucket',
      key: 'raw/trips.csv',
      url: 'https://example.org/trips.csv',
      bytes: 3 * 1_024 * 1_024,
      seconds: 1.5,
      parts: 1,
      retries: 2,
      proofs: { held: ['size', 'crc32'], notChecked: [] },
      peakMemoryMiB: 101.4,
      notes: [],
    },
    result: {
      ...base,
      item: 'a',
      name: 'raw/trips.csv',
      processor: 'profile',
      attempt: 1,
      worker: 'task',
      seconds: 0.25,
      outputs: [],
      result: { format: 'csv', bytes: 5, rows: 12_345, columns: 7, header: true },
    },
  },
  { item: 'b', name: 'raw/gone.csv', kind: 'source', status: 'failed' },
  { item: 'c', name: 'raw/slow.csv', kind: 'source', status: 'missing' },
];

describe('the report of a run', () => {
  it('a report shows the outcome, each item, each failure with its reason, and the names of missing items', async () => {
    expect(await renderRun(manifest, items)).toBe(
      [
        'Run night: partial',
        'gate-late: the gate opened with 1 of 3 items missing',
        '1 of 3 done, 1 failed, 1 missing; 3.0 MiB landed; 13 s',
        '',
        'Failed:',
        '  raw/gone.csv (transfer) source-refused: answered 404',
        '',
        'What to do:',
        '  source-refused: open the URL yourself; for 401 and 403 give the source its headers or credentials (docs/input.md), for 404 and 410 correct the URL',
        '',
        'Missing:',
        '  raw/slow.csv (landed, not processed)',
        '',
        'item           status       bytes  seconds  MiB/s  parts  retries  peak MiB  proofs       processed',
        'raw/trips.csv  landed   3,145,728     1.50    2.0      1        2       101  size, crc32  profile 0.3 s: csv, 12,345 rows, 7 columns',
        'raw/gone.csv   failed',
        'raw/slow.csv   missing',
      ].join('\n'),
    );
  });

  it('a report shows for each load its table, rows, files and seconds, and why one failed, with what to do', async () => {
    const text = await renderRun({ ...manifest, loads: sampleLoads('night') }, items);
    const [, loads = ''] = /\n\n(table .*?)\n\nitem /s.exec(text) ?? [];
    expect(loads.split('\n')).toEqual([
      'table         mode     load             rows  files  seconds  not loaded',
      'raw.trips     append   loaded     48,211,905  1,204    187.4  3 unchanged',
      'raw.stations  replace  failed              0      0      4.2  1 item failed or missing',
      'raw.fares     merge    cancelled           0      0        -',
      'raw.weather   append   nothing             0      0        -  12 unchanged',
      'raw.zones     replace  not begun           -      0        -',
      'Not loaded:',
      "  raw.stations load-failed: Load into table 'stations' failed. Check 'sys_load_error_detail' system table for details.; s3://sluice-bucket/raw/2026/11/27/stations-07.csv, line 4, column capacity: Invalid digit, Value 'x', Pos 0, Type: Integer",
      '  raw.fares load-cancelled: time was up before it was loaded, and Sluice cancelled its statement: it has written nothing',
      'What to do:',
      '  load-failed: correct what the detail names, then redrive the execution: loaded tables stay, and the redrive loads the others (docs/redshift.md)',
      '  load-cancelled: redrive the execution, which loads the other tables, or let loads wait longer (redshift.attempts, redshift.intervalSeconds)',
    ]);
    const narrow = await renderRun({ ...manifest, loads: sampleLoads('night') }, items, {
      width: 60,
      paint: (_, t) => t,
    });
    const [head = ''] = narrow.split('\n').filter((line) => line.startsWith('table '));
    expect(head).toBe('table         load             rows  files');
  });

  it('a report shows 50 of many items, and how many more there are', async () => {
    const many = Array.from(
      { length: 120 },
      (_, n): ItemLine => ({ item: String(n), name: `item ${n}`, kind: 'work', status: 'done' }),
    );
    const text = await renderRun({ ...manifest, counts: { ...manifest.counts, items: 120 } }, many);
    expect(text).toContain('item 49');
    expect(text).not.toContain('item 50');
    expect(text).toContain('… and 70 more items in items.jsonl');
  });
});

describe('names and messages that were made to fool a terminal', () => {
  const evil = 'raw/a\nraw/b.csv  landed\u001b[1A\u001b]52;c;eA==\u0007\u009b2J\u202egpj';
  const problem = { type: evil, code: evil, title: evil, detail: evil, mend: evil, allowedBy: evil, error: evil };

  it('names and messages with control sequences are shown visibly, each in one row', async () => {
    const report = await renderRun(
      {
        ...manifest,
        problem,
        notes: [problem],
        failed: [
          {
            item: 'b',
            name: evil,
            stage: 'transfer',
            problem,
          },
        ],
        missing: [{ item: 'c', name: evil, landed: true }],
        loads: sampleLoads('night').map((load) => ({
          ...load,
          table: evil,
          problem,
        })),
      },
      [{ item: 'a', name: evil, kind: 'source', status: 'done' }],
    );
    const text = shown(report);
    expect(text).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(text).toContain('raw/a\\u000araw/b.csv  landed\\u001b[1A');
    // Only messages and notes have further lines, and those stand further in than any row.
    expect(text.split('\n').filter((line) => /^ {0,3}raw\/b/.test(line))).toEqual([]);
  });
});

it('a report says what to do about a note, once for several notes of one code', async () => {
  const trouble = { name: 'TaskFailedToStart', code: 'worker-not-started' } as const;
  const notes = ['no room', 'no image'].map((message) => noteOf({ ...trouble, message, worker: 'w' }, 'night'));
  const text = shown(await renderRun({ ...manifest, notes }, []));
  expect(text).toContain('Notes:\n  worker-not-started: no room\n  worker-not-started: no image\n');
  expect(text).toContain('What to do:\n  worker-not-started (2 notes): compare the quotas of the account');
});

describe('the last line of a report', () => {
  it.each([
    ['complete', { failed: 0, missing: 0, done: 3 }, 'Run night is complete: 3 of 3 done.'],
    [
      'partial',
      {},
      'Run night is partial: 1 of 3 done, 1 failed, 1 missing: "npx sluice retry night" runs the failed and missing items again.',
    ],
    [
      'failed',
      { done: 0 },
      'Run night has failed: 0 of 3 done, 1 failed, 1 missing: "npx sluice retry night" runs the failed and missing items again.',
    ],
  ] as const)('the last line of a report says that a run is %s', (outcome, counts, line) => {
    expect(lastWord({ ...manifest, outcome, counts: { ...manifest.counts, ...counts } })).toBe(line);
  });
});

describe('renderTable', () => {
  const columns = [
    { head: 'item' },
    { head: 'bytes', align: 'right' },
    { head: 'peak', drop: 2 },
    { head: 'parts', drop: 1 },
    { head: 'reason' },
  ] as const;
  const row = ['raw/2026/11/trips.csv', '3,145,728', '101', '1', 'answered 404'];

  it.each([
    [80, 'item                       bytes  peak  parts  reason'],
    [57, 'item                       bytes  parts  reason'],
    [50, 'item                       bytes  reason'],
  ])('a table that is too wide leaves out diagnostics first: %i columns', (width, head) => {
    const lines = renderTable(columns, [row], width).split('\n');
    expect(lines[0]).toBe(head);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('a table shortens the widest column if no column may be left out', () => {
    const lines = renderTable(columns, [row], 40).split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    expect(lines[1]).toContain('trips.csv');
  });

  it('a table counts the columns of wide characters', () => {
    const table = renderTable(
      [{ head: 'name' }, { head: 'n' }],
      [
        ['表表', '1'],
        ['ab', '2'],
      ],
    );
    expect(table).toBe('name  n\n表表  1\nab    2');
  });

  it('a table shortens a long value in the middle and keeps its end', () => {
    const table = renderTable(
      [
        { head: 'key', width: 12 },
        { head: 'n', align: 'right' },
      ],
      [['raw/2026/11/trips.csv', '5']],
    );
    expect(table).toBe('key           n\nraw/…ips.csv  5');
  });
});
