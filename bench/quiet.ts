import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Below it the machine is taken for quiet: what is left is the average of the minute before. */
const QUIET = 0.7;

/** Waits until others leave the machine alone, as its load average says, but no longer than a time. Returns the load then. */
export async function waitForQuiet(minutes: number, say: (line: string) => void): Promise<number> {
  const end = performance.now() + minutes * 60_000;
  let told = false;
  for (;;) {
    const [load = Number.NaN] = loadavg();
    if (load < QUIET || performance.now() >= end) return load;
    if (!told) say(`the load is ${load.toFixed(1)}: waiting up to ${minutes} min for a quiet machine`);
    told = true;
    await sleep(5_000);
  }
}
