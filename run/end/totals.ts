import * as z from 'zod';
import { BytesOverTime, bytesOverTimeSchema } from './bytes-over-time.ts';
import type { ItemLine } from './manifest.ts';

const spanSchema = z.object({ from: z.number(), to: z.number() }).nullable();
/** Milliseconds since 1970; null if nothing of the kind happened. */
export type Span = z.infer<typeof spanSchema>;

/** A smaller object is transferred within one call of Open. */
export const LARGE_BYTES = 512 * 1_048_576;

const NUMBERS = {
  /** Seconds of the transfers, each from its first request to its proof. */
  transferSeconds: 0,
  /** Seconds of the transfers of objects that one Lambda call could transfer alone. */
  smallTransferSeconds: 0,
  /** The number of objects that were transferred in slices, and their bytes. */
  largeBytes: 0,
  large: 0,
  parts: 0,
  retries: 0,
  /** Seconds of the processors' successful attempts, and how often their messages were delivered. */
  workSeconds: 0,
  deliveries: 0,
  outputs: 0,
  outputBytes: 0,
  /** What processors report as rows, and how many of them are bad. */
  rows: 0,
  badRows: 0,
  /** Items with bad rows. */
  withBadRows: 0,
};
type Numbers = typeof NUMBERS;

const numbersSchema = z.object(
  Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, z.number()])) as Record<keyof Numbers, z.ZodNumber>,
);

export const totalsSchema = z.object({
  numbers: numbersSchema,
  transferred: spanSchema,
  worked: spanSchema,
  arrived: bytesOverTimeSchema,
});

/** The sums over a run's items: their durations, bytes and rows. Their size does not depend on the number of items. */
export class Totals implements z.infer<typeof totalsSchema> {
  readonly numbers = { ...NUMBERS };
  /** From the beginning of the first transfer to the end of the last one. */
  transferred: Span = null;
  /** From the beginning of the first successful attempt to the end of the last one. */
  worked: Span = null;
  readonly arrived = new BytesOverTime();

  add({ landed, result }: ItemLine): void {
    const { numbers } = this;
    if (landed?.status === 'landed') {
      const to = Date.parse(landed.at);
      const from = to - landed.seconds * 1_000;
      this.transferred = around(this.transferred, { from, to });
      this.arrived.add(from, to, landed.bytes);
      numbers.transferSeconds += landed.seconds;
      numbers.parts += landed.parts;
      numbers.retries += landed.retries;
      if (landed.bytes > LARGE_BYTES) {
        numbers.large += 1;
        numbers.largeBytes += landed.bytes;
      } else {
        numbers.smallTransferSeconds += landed.seconds;
      }
    }
    if (result === undefined) return;
    const to = Date.parse(result.at);
    this.worked = around(this.worked, { from: to - result.seconds * 1_000, to });
    numbers.workSeconds += result.seconds;
    numbers.deliveries += result.attempt;
    numbers.outputs += result.outputs.length;
    numbers.outputBytes += result.outputs.reduce((sum, { bytes }) => sum + bytes, 0);
    const { rows, badRows } = rowsOf(result.result);
    numbers.rows += rows ?? 0;
    numbers.badRows += badRows ?? 0;
    if ((badRows ?? 0) > 0) numbers.withBadRows += 1;
  }

  addAll({ numbers, transferred, worked, arrived }: z.infer<typeof totalsSchema>): void {
    for (const name of Object.keys(NUMBERS) as (keyof Numbers)[]) this.numbers[name] += numbers[name];
    this.transferred = around(this.transferred, transferred);
    this.worked = around(this.worked, worked);
    this.arrived.addAll(arrived);
  }

  toJSON(): z.infer<typeof totalsSchema> {
    const { numbers, transferred, worked, arrived } = this;
    return { numbers: { ...numbers }, transferred, worked, arrived: arrived.toJSON() };
  }
}

/**
 * Returns how many rows a processor's own result reports, and how many bad ones; undefined for each number that the
 * result does not report. Workers of earlier versions reported rows as `records`.
 */
export function rowsOf(result: unknown): { readonly rows: number | undefined; readonly badRows: number | undefined } {
  const { rows, records, badRows } = (typeof result === 'object' && result !== null ? result : {}) as Record<
    string,
    unknown
  >;
  return { rows: count(rows) ?? count(records), badRows: count(badRows) };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function around(one: Span, other: Span): Span {
  if (one === null || other === null) return one ?? other;
  return { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) };
}
