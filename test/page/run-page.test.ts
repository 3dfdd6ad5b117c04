import { describe, expect, it } from 'vitest';
import { UNSEEN } from '#net/printable.ts';
import { kit } from '#page/browser/kit.js';
import { renderRunPage } from '#page/run/run-page.ts';
import { problemOf } from '#run/problem/problem.ts';
import { bytesText, secondsText } from '#run/quantities.ts';
import { type SampleItem, sampleItems, sampleLoads, sampleView } from '#test/helpers/page-samples.ts';

const MB = 1_000_000;
const bytesOf = (page: string) => Buffer.byteLength(page);
const onPage = (page: string) => {
  const [, json = '{}'] = /id="data">([^<]*)</.exec(page) ?? [];
  return (JSON.parse(json) as { items: { rows: unknown[] } }).items.rows.length;
};

describe('the page of a run', () => {
  const failed: SampleItem = {
    name: 'raw/withdrawn.csv',
    status: 'failed',
    error: { name: 'SourceRefusedError', message: 'https://example.org/withdrawn.csv answered 404: check the URL' },
  };
  const items = [
    ...sampleItems(12, { seconds: 60 }).map((item, n) => (n === 3 ? { ...item, badRows: 1_234 } : item)),
    failed,
  ];
  const page = renderRunPage(sampleView({ runId: 'nightly-20261127', items, seconds: 70, outcome: 'partial' }));

  it('the page of a run begins with outcome, duration and counts, then the failures with their commands', () => {
    const [head = '', rest = ''] = page.slice(page.indexOf('<body>')).split('</header>');
    for (const word of ['nightly-20261127', 'partial', '12 of 13 items done, 1 failed', '1 min 10 s', '1,234 bad']) {
      expect(head).toContain(word);
    }
    const failures = rest.slice(0, rest.indexOf('<figure'));
    expect(failures).toContain('<code>npx sluice retry nightly-20261127</code>');
    expect(failures).toContain('answered 404: check the URL');
    expect(failures).toContain('<code>npx sluice logs nightly-20261127 raw/withdrawn.csv</code>');
  });

  it('the page of a run links to execution, logs, records and the other runs of the schedule', () => {
    expect(page).toContain(
      'href="https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/arn:aws:states:eu-central-1:123456789012:execution:Sluice:nightly-20261127"',
    );
    expect(page).toContain('#logsV2:logs-insights$3FqueryDetail$3D~(end~');
    expect(page).toContain('href="../index.html#schedule=nightly"');
  });

  it('the page of a run has the words and the numbers of every chart, and says where a cost comes from', () => {
    expect(page.match(/<figure/g)).toHaveLength(3);
    expect(page.match(/<svg viewBox="0 0 (1040|340) /g)).toHaveLength(6);
    expect(page.match(/<details id="(timeline|throughput|gate)-numbers">/g)).toHaveLength(3);
    expect(page).toContain('The gatekeeper made');
    expect(page).toMatch(/By list prices of us-east-1 read on \d{4}-\d\d-\d\d/);
    for (const word of ['measured', 'estimated']) expect(page).toContain(`>${word}</span>`);
  });

  it('the page of a run loads nothing, and permits only its own style and script', () => {
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    expect(policy.replaceAll('&#39;', "'")).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'$/,
    );
    expect(page).not.toMatch(/ (src|style|on\w+)=/);
  });
});

describe('the loads of a run', () => {
  const items = sampleItems(3, { seconds: 20 });
  const page = renderRunPage(
    sampleView({ runId: 'loaded', items, seconds: 30, outcome: 'failed', loads: sampleLoads('loaded') }),
  );
  const section = page.slice(page.indexOf('data-part="loads"'), page.indexOf('data-part="charts"'));

  it('each load of a run has a row: table, mode, outcome, rows, files, seconds, and what is not loaded', () => {
    const rows = [...section.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
      row
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
    expect(rows.slice(1)).toEqual([
      'raw.trips 3 unchanged items held back append loaded 48,211,905 1,204 3 min 07 s',
      'raw.stations 1 item not loaded replace failed 0 0 4.2 s',
      'raw.fares merge cancelled 0 0 –',
      'raw.weather 12 unchanged items held back append nothing 0 0 –',
      'raw.zones replace not begun – 0 –',
    ]);
    expect(section).toContain('a retry of the run loads them');
  });

  it('a failed load shows Redshift’s message and what to do', () => {
    expect(section).toContain('line 4, column capacity: Invalid digit');
    expect(section).toContain('Correct what the detail names, then redrive the execution');
    expect(section.match(/class="mend"/g)).toHaveLength(2);
  });

  it('the page of a run without loads has no section for them', () => {
    const none = renderRunPage(sampleView({ runId: 'none', items, seconds: 30 }));
    expect(none).toContain('<div data-part="loads"></div>');
    expect(none).not.toContain('Into the warehouse');
  });
});

describe('the size of the page', () => {
  it('the page is below 2 MB with 10,000 items, and contains all of them', () => {
    const items = sampleItems(10_000, { seconds: 1_500 }).map((item, n) =>
      n % 50 === 0 ? { ...item, badRows: n + 1 } : item,
    );
    const page = renderRunPage(sampleView({ runId: 'big', items, seconds: 1_540 }));
    expect(bytesOf(page)).toBeLessThan(2 * MB);
    expect(onPage(page)).toBe(10_000);
  });

  it('the page is below 2 MB however long names and errors are, and says how many items it does not list', () => {
    const items = Array.from({ length: 3_000 }, (_, n): SampleItem => {
      const name = `${'<"&\u202e'.repeat(240)}${n}`;
      return n % 2 === 0
        ? { name }
        : { name, status: 'failed', error: { name: `Error${n % 40}`, message: '<&'.repeat(1_000) } };
    });
    const page = renderRunPage(sampleView({ runId: 'long', items, seconds: 60, outcome: 'partial' }));
    expect(bytesOf(page)).toBeLessThan(2 * MB);
    expect(onPage(page)).toBeGreaterThan(100);
    expect(page).toMatch(/[\d,]+ of 3,000 items, failed and missing ones first, because the page is limited to 2 MB/);
  });
});

describe('names and errors that were made to break the page', () => {
  const evil = [
    '</script><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); '",
    '<!--<script>',
    ']]><svg onload=alert(1)>',
    'a\u202egpj.exe',
    '\u0000\u001b[2J',
    '--stack x; rm -rf ~',
    '$(touch /tmp/x)',
  ];

  it('names and errors with markup are shown as text, and no command contains text that a shell would run', () => {
    const items = evil.flatMap((name): SampleItem[] => [
      { name, url: 'javascript:alert(1)' },
      { name: `f${name}`, status: 'failed', error: { name, message: name } },
      { name: `m${name}`, status: 'missing' },
    ]);
    const page = renderRunPage(
      sampleView({
        runId: 'evil',
        items,
        seconds: 60,
        outcome: 'late',
        reason: evil.join(' '),
        notes: evil,
        loads: evil.flatMap((table) =>
          sampleLoads('evil').map((load) => ({ ...load, table, problem: problemOf({ name: table, message: table }) })),
        ),
        schedule: evil[0] ?? null,
      }),
    );
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toMatch(/<(img|svg on)/);
    expect(page).not.toContain('href="javascript:');
    expect(page.replaceAll('\n', '')).not.toMatch(UNSEEN);
    for (const [, command = ''] of page.matchAll(/<code>(npx [^<]*)<\/code>/g)) {
      expect(command).toMatch(/^npx sluice (retry|report|logs|items|get) evil( ([0-9a-f]{32}|--\w+))*$/);
    }
  });
});

it('the browser formats bytes and times as the rest of the code does', () => {
  const browser = kit();
  for (const value of [0, 1, 1_023, 1_024, 1_048_575, 5.2e9, 7e15])
    expect(browser.bytesText(value)).toBe(bytesText(value));
  for (const value of [0, 0.04, 9.94, 9.96, 59.6, 61, 3_599, 3_601, 90_000]) {
    expect(browser.secondsText(value)).toBe(secondsText(value));
  }
});
