import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Below this load the machine counts as quiet: the load average still contains the minute before. */
const QUIET = 0.7;

/** Waits until the load average shows that nothing else uses the machine, up to a time limit. Returns the load. */
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
