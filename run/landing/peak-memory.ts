import { readFileSync } from 'node:fs';

/**
 * The process's own peak resident memory since it started, in MiB. A warm Lambda keeps the peak of earlier invocations.
 *
 * Linux carries `ru_maxrss`, which `process.resourceUsage` gives, over an exec: a process that a large one has started
 * reports at least the size of its parent. VmHWM begins anew with the program. Other systems have only the former.
 */
export function peakMemoryMiB(): number {
  const kibibytes = highWaterKibibytes() ?? process.resourceUsage().maxRSS;
  return Math.round(kibibytes / 1_024);
}

function highWaterKibibytes(): number | undefined {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return undefined;
  }
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}
