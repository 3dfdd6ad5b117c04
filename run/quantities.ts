const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A number of bytes for a person: `0 bytes`, `12.3 KiB`, `300.0 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1,023.95 would be shown as 1,024.0 of a unit, so it becomes 1.0 of the next unit.
  while (value >= 1_023.95 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return unit === 0 ? countText(bytes, 'byte') : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** A time span for a person: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function secondsText(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3_600).toLocaleString('en')} h ${two(Math.floor((whole % 3_600) / 60))} min`;
}

/** A number with its noun: `1 item`, `1,200 items`, `2 batches`. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}
