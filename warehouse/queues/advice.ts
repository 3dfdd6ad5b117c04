import { countText } from '#run/quantities.ts';
import { type Queue, type QueueReport, waitShare } from './queue-report.ts';

/** A queue with at least this many queries gets advice. */
const ENOUGH_QUERIES = 50;
/** A wait that nobody notices. */
const SHORT_WAIT_SECONDS = 1;
/** A wait about which people complain. */
const LONG_WAIT_SECONDS = 10;
/** The largest number of bad hours in a day for which other hours can be recommended. */
const MOST_BAD_HOURS = 8;

/** Returns what to change, with the numbers that show it: a sentence or two for each queue with a problem. */
export function adviceOf(report: QueueReport): string[] {
  if (report.queues.every(({ queries }) => queries === 0))
    return ['No query ran in this time: there is nothing to advise.'];
  switch (report.management) {
    case 'manual':
      return report.queues.flatMap((queue) => manual(queue, report));
    case 'automatic':
      return report.queues.flatMap((queue) => automatic(queue));
    case 'serverless':
      return report.queues.flatMap((queue) => serverless(queue, report));
  }
}

function manual(queue: Queue, report: QueueReport): string[] {
  const { name, slots, queries, worstWaitSeconds, p95WaitSeconds, toDisk, memoryMiB } = queue;
  const advice: string[] = [];
  const days = countText(Math.round((report.until.getTime() - report.since.getTime()) / 86_400_000), 'day');
  if (queries >= ENOUGH_QUERIES && worstWaitSeconds < SHORT_WAIT_SECONDS && slots !== null && slots > 2) {
    const memory =
      memoryMiB === null
        ? ''
        : ` (with ${slots - 1} slots ${Math.round((memoryMiB * slots) / (slots - 1)).toLocaleString('en')} MiB instead of ${memoryMiB.toLocaleString('en')})`;
    advice.push(
      `${name}: none of ${countText(queries, 'query', 'queries')} waited${worstWaitSeconds === 0 ? '' : ` longer than ${seconds(worstWaitSeconds)}`} in ${days}. The queue has ${slots} slots; with fewer, each query gets more memory${memory}. Remove one or two slots, and run the command again later.`,
    );
  }
  const bad = badHours(queue);
  if (p95WaitSeconds >= LONG_WAIT_SECONDS || bad.length > 0) {
    const when =
      bad.length > 0 && bad.length <= MOST_BAD_HOURS
        ? ` The longest waits are at ${bad.map((hour) => `${hour}:00`).join(', ')} UTC.`
        : '';
    const scaling = queue.concurrencyScaling
      ? 'Concurrency scaling is on, but it was not enough: give the queue more slots'
      : 'Give the queue more slots, or turn on concurrency scaling for it';
    advice.push(
      `${name}: ${waits(queue)}. ${percent(waitShare(queue))} of the time of all queries was waiting.${when} ${scaling}.`,
    );
  }
  if (queue.timeoutSeconds === null && report.sees === 'all') advice.push(timeoutAdvice(queue));
  if (toDisk !== null && toDisk > 0 && p95WaitSeconds < SHORT_WAIT_SECONDS) {
    advice.push(
      `${name}: ${countText(toDisk, 'query', 'queries')} used the disk because they had too little memory, while slots were free. Give only these queries more slots: SET wlm_query_slot_count TO 2 (or more) before them, and to 1 after them.`,
    );
  }
  return advice;
}

function timeoutAdvice({ name, longestSeconds }: Queue): string {
  const seen =
    longestSeconds === 0
      ? ''
      : ` The longest query took ${seconds(longestSeconds)}: a limit of ${seconds(roundUp(longestSeconds * 1.5))} would not end such a query.`;
  return `${name}: no timeout is set, so a query that never ends keeps its slot for ever.${seen} Set a timeout, or a query monitoring rule.`;
}

function automatic(queue: Queue): string[] {
  const { name, p95WaitSeconds, queries } = queue;
  if (queries === 0 || p95WaitSeconds < LONG_WAIT_SECONDS) return [];
  return [
    `${name}: ${waits(queue)}. Automatic WLM sets slots and memory: raise the queue's priority against the others, ${queue.concurrencyScaling ? 'or give the cluster more nodes' : 'or turn on concurrency scaling for it'}.`,
  ];
}

function serverless(queue: Queue, { capacity }: QueueReport): string[] {
  const { p95WaitSeconds, longestSeconds } = queue;
  const advice: string[] = [];
  if (p95WaitSeconds >= LONG_WAIT_SECONDS) {
    const most = capacity === null ? '' : ` It ran on ${capacity.mostRpus} RPUs at most.`;
    advice.push(
      `${waits(queue)}. Serverless has no queues to set: raise the workgroup's base capacity or its maximum, or the price-performance target.${most}`,
    );
  }
  advice.push(
    `The longest query took ${seconds(longestSeconds)}. Serverless ends a query only after 24 hours: set max_query_execution_time of the workgroup, because AWS charges for a runaway query as long as it runs.`,
  );
  return advice;
}

/** `of 372 queries, the slowest 5 % waited 45 s to 3 min`. Two values that would read the same are said once. */
function waits({ queries, p95WaitSeconds, worstWaitSeconds }: Queue): string {
  const [some, most] = [seconds(p95WaitSeconds), seconds(worstWaitSeconds)];
  const slowest = `of ${countText(queries, 'query', 'queries')}, the slowest 5 % waited ${some}`;
  return some === most ? slowest : `${slowest} to ${most}`;
}

/** The hours of the day in which queries wait long. */
function badHours({ hours }: Queue): number[] {
  const bad = hours
    .filter(({ p95WaitSeconds }) => p95WaitSeconds >= LONG_WAIT_SECONDS)
    .map(({ at }) => at.getUTCHours());
  return [...new Set(bad)].sort((one, other) => one - other);
}

function roundUp(value: number): number {
  const step = value > 3_600 ? 600 : value > 60 ? 60 : 10;
  return Math.ceil(value / step) * step;
}

/** Seconds for a person: `0.4 s`, `12 s`, `3 min`, `1.5 h`. */
export function seconds(value: number): string {
  if (value < 10) return `${Math.round(value * 10) / 10} s`;
  if (value < 120) return `${Math.round(value)} s`;
  return value < 7_200 ? `${Math.round(value / 60)} min` : `${Math.round(value / 360) / 10} h`;
}

export function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}
