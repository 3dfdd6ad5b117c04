import { readdirSync, readFileSync } from 'node:fs';

/** Often enough for a tree of processes; for a single process the kernel records the peak. */
const SAMPLE_MILLISECONDS = 20;

/**
 * Watches the memory of all processes that this process has started, directly or indirectly; this process itself isn't
 * counted.
 *
 * The peak is the largest sum of resident sizes (VmRSS) at one time, but at least the largest peak that the kernel
 * reports for one of them (VmHWM). So it is exact for a single process. For several, which share pages, it is more
 * likely too high than too low.
 */
export class TreeMemory {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  #peakKib = 0;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MILLISECONDS);
  }

  /** Ends the watch. */
  stop(): { peakMib: number } {
    clearInterval(this.#timer);
    return { peakMib: this.#peakKib / 1024 };
  }

  #sample(): void {
    let sum = 0;
    for (const pid of descendants(this.#root)) {
      const status = read(`/proc/${pid}/status`);
      sum += kib(status, 'VmRSS');
      this.#peakKib = Math.max(this.#peakKib, kib(status, 'VmHWM'));
    }
    this.#peakKib = Math.max(this.#peakKib, sum);
  }
}

/** Any thread may start a process, so this reads the children of each thread. */
export function descendants(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function kib(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

/** Empty if the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
