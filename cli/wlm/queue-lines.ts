import { percent, seconds } from '#warehouse/queues/advice.ts';
import { type Hour, type Queue, type QueueReport, waitShare } from '#warehouse/queues/queue-report.ts';
import { type Column, renderTable } from '../screen/table.ts';
import { wrapped } from '../screen/wrapped.ts';

export const COLUMNS: readonly Column[] = [
  { head: 'queue' },
  { head: 'slots', align: 'right' },
  { head: 'MiB/slot', align: 'right', drop: 2 },
  { head: 'timeout', align: 'right' },
  { head: 'queries', align: 'right' },
  { head: 'waited', align: 'right' },
  { head: 'wait share', align: 'right', drop: 1 },
  { head: '95 %', align: 'right' },
  { head: 'worst', align: 'right' },
  { head: 'longest', align: 'right', drop: 3 },
];

const HEADLINES: Readonly<Record<QueueReport['management'], string>> = {
  manual: 'manual WLM',
  automatic: 'automatic WLM, in which Redshift sets slots and memory',
  serverless: 'Serverless, which has no WLM: the limits and waits of the workgroup',
};

/** The whole report for a person at a terminal of this width. */
export function queueLines(report: QueueReport, advice: readonly string[], width?: number): string[] {
  const lines = advice.length === 0 ? ['Nothing to change.'] : advice.map((sentence) => `- ${sentence}`);
  const fitted = (line: string, indent = '') => (width === undefined ? line : wrapped(line, width, indent));
  return [
    ...headlinesOf(report).map((line) => fitted(line)),
    '',
    queueTable(report, width),
    '',
    waitGraph(report),
    '',
    ...lines.map((line) => fitted(line, '  ')),
  ];
}

/** What a report is about, in a line or two. */
export function headlinesOf({ management, since, until, user, sees, capacity }: QueueReport): string[] {
  const period = `${since.toISOString().slice(0, 10)} to ${until.toISOString().slice(0, 10)} (UTC)`;
  return [
    `${HEADLINES[management]}; ${period}, as the database user ${user} sees it`,
    ...(sees === 'own'
      ? [
          `The database user ${user} sees only its own queries, and ${management === 'serverless' ? 'no usage' : 'not the settings of the queues'}. So this report lacks the queries of other users. GRANT ROLE sys:monitor TO the user, or use a superuser.`,
        ]
      : []),
    ...(capacity === null
      ? []
      : [`${capacity.mostRpus} RPUs at most, ${capacity.chargedSeconds.toLocaleString('en')} RPU seconds charged`]),
  ];
}

/** The queues as a table. A dash means unknown, or that this kind of warehouse does not have it. */
export function queueTable({ queues, management }: QueueReport, width?: number): string {
  return renderTable(
    COLUMNS,
    queues.map((queue) => cellsOf(queue, management)),
    width,
  );
}

export function cellsOf(queue: Queue, management: QueueReport['management']): string[] {
  const own = management === 'automatic' ? 'auto' : '-';
  return [
    queue.name,
    queue.slots === null ? own : String(queue.slots),
    queue.memoryMiB === null ? own : queue.memoryMiB.toLocaleString('en'),
    queue.timeoutSeconds === null ? (management === 'serverless' ? '-' : 'none') : seconds(queue.timeoutSeconds),
    queue.queries.toLocaleString('en'),
    queue.waited.toLocaleString('en'),
    percent(waitShare(queue)),
    seconds(queue.p95WaitSeconds),
    seconds(queue.worstWaitSeconds),
    seconds(queue.longestSeconds),
  ];
}

const BARS = ' ▁▂▃▄▅▆▇█';

/**
 * For each queue, the worst 95th percentile of the wait by hour of the day: a bar for each hour, all with the same
 * scale.
 */
export function waitGraph({ queues }: QueueReport): string {
  const rows = queues.map((queue) => ({ name: queue.name, waits: byHourOfDay(queue.hours) }));
  const most = Math.max(...rows.flatMap(({ waits }) => waits));
  const width = Math.max(...rows.map(({ name }) => name.length));
  const bars = rows.map(({ name, waits }) => {
    const line = waits
      .map((wait) => BARS.charAt(most === 0 ? 0 : Math.ceil((wait / most) * (BARS.length - 1))))
      .join('');
    return `${name.padEnd(width)} │${line}│ ${seconds(Math.max(...waits))}`;
  });
  return [
    'Wait by hour of the day (UTC): the longest 95th percentile of the days',
    ...bars,
    `${''.padEnd(width)}  0     6     12    18`,
  ].join('\n');
}

function byHourOfDay(hours: readonly Hour[]): number[] {
  const waits = Array.from({ length: 24 }, () => 0);
  for (const { at, p95WaitSeconds } of hours) {
    waits[at.getUTCHours()] = Math.max(waits[at.getUTCHours()] ?? 0, p95WaitSeconds);
  }
  return waits;
}
