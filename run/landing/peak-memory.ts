/**
 * The peak resident memory of this process since its start, in MiB. A warm Lambda includes the peak of earlier
 * invocations.
 *
 * Linux keeps `ru_maxrss`, which `process.resourceUsage` returns, across an exec: a process that a large process has
 * started reports at least the size of its parent. VmHWM begins again with the new program. Other systems have only
 * `ru_maxrss`.
 */
export function peakMemoryMiB(): number {
  const kibibytes = highWaterKibibytes() ?? process.resourceUsage().maxRSS;
  return Math.round(kibibytes / 1_024);
}

function highWaterKibibytes(): number | undefined {
  let status: string;
  try {
    // An `import` of it reads all its exports, which takes 2 ms of CPU at the start of a function.
    status = process.getBuiltinModule('node:fs').readFileSync('/proc/self/status', 'utf8');
  } catch {
    return undefined;
  }
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}
