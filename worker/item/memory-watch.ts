import { readFile } from 'node:fs/promises';

const EVERY_MS = 1_000;
const MIB = 1_048_576;

/**
 * Watches the memory of a process that Node's own limit doesn't include: buffers and native memory. Only Linux reports
 * it; on other systems nothing is watched.
 *
 * @param onSample is called once a second, with the used memory in MiB.
 * @param onOver is called once, with the used memory in MiB.
 * @returns a function that ends the watch.
 */
export function watchMemory(
  pid: number,
  limitBytes: number,
  { onSample, onOver }: { readonly onSample: (mib: number) => void; readonly onOver: (mib: number) => void },
): () => void {
  if (process.platform !== 'linux') return () => undefined;
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kib = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    const mib = Math.round((kib * 1_024) / MIB);
    onSample(mib);
    if (kib * 1_024 <= limitBytes) return;
    clearInterval(timer);
    onOver(mib);
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
