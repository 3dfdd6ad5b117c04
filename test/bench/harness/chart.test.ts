import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../bench/harness/cells.ts';
import { chart } from '../../../bench/harness/chart.ts';
import { GIB, type Run } from '../../../bench/harness/run.ts';

const around = { machine: '2 × a CPU', date: '2026-11-24T00:00:00Z' };

function run(tool: string, over: Run['over'], cpuSecondsPerGib: number, more: Partial<Run> = {}): Run {
  return {
    of: 'peers',
    ...{ tool, over, bytes: GIB, sizes: {}, cpuSecondsPerGib },
    ...{ wallSeconds: 1, userSeconds: 1, systemSeconds: 1, peakMib: 100 },
    ...more,
  };
}

describe('the figures of several runs', () => {
  it('the figures of several runs become medians, and the tool with the least CPU comes first', () => {
    const cells = cellsOf([run('b', 'HTTP', 3), run('a', 'HTTP', 2), run('b', 'HTTP', 1), run('b', 'HTTP', 9)]);
    expect(cells.map(({ tool, cpuSecondsPerGib, runs }) => [tool, cpuSecondsPerGib, runs])).toEqual([
      ['a', 2, 1],
      ['b', 3, 3],
    ]);
    expect(cells[1]?.cpuRange).toEqual([1, 9]);
    expect(cellsOf([run('a', 'HTTP', 1), run('a', 'HTTP', 2)])[0]?.cpuSecondsPerGib).toBe(1.5);
  });
});

describe('the chart', () => {
  const runs = [
    run('sluice', 'HTTP', 1.25),
    run('sluice', 'TLS', 1.75),
    run('curl | a & b <c>', 'HTTP', 4.5),
    run('sluice', 'HTTP', 77, { bytes: 4 * GIB }),
    run('sluice', 'HTTP', 88, { of: 'equal' }),
  ];

  it('the chart shows only the short file of the peers, and for each tool the lanes that it was measured on', () => {
    const svg = chart(runs, around) ?? '';
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(texts).toContain('sluice');
    expect(texts).toContain('curl | a &amp; b &lt;c>');
    expect(texts.filter((text) => /^\d+\.\d$/.test(text ?? ''))).toEqual(['1.3', '1.8', '4.5']);
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  it('the largest figure has the longest bar', () => {
    const svg = chart(runs, around) ?? '';
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="11"/g)]
      .slice(0, 3)
      .map(([, width]) => Number(width));
    expect(widths[2]).toBe(Math.max(...widths));
    expect((widths[0] ?? 0) / (widths[2] ?? 1)).toBeCloseTo(1.25 / 4.5, 2);
  });

  it('no chart is drawn if no tool was compared', () => {
    expect(chart([run('sluice', 'HTTP', 1, { of: 'memory' })], around)).toBeUndefined();
  });
});
