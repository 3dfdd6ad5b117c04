import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { LanePool } from '#transfer/lane/lane-pool.ts';
import { laneReader } from '#transfer/source/lane-reader.ts';
import { DEFAULT_LIMITS, type SourceLimits } from '#transfer/source/limits.ts';
import type { SourceAnswer, SourceRequest } from '#transfer/source/reader.ts';

export interface Range {
  readonly from: number;
  readonly length: number;
}

/** One lane to one origin, and what came of it. */
export class Asker {
  readonly pool = new LanePool();
  readonly #url: string;
  readonly #ca: string | undefined;
  readonly #limits: SourceLimits;
  closed = 0;

  constructor(url: string, { ca, limits = {} }: { ca?: string | undefined; limits?: SourceLimits } = {}) {
    this.#url = url;
    this.#ca = ca;
    this.#limits = limits;
  }

  request({ from, length }: Range, more: Partial<SourceRequest> = {}): SourceRequest {
    return {
      url: new URL(this.#url),
      headers: { range: `bytes=${from}-${from + length - 1}` },
      limits: { ...DEFAULT_LIMITS, idleSeconds: 5, headSeconds: 5, ...this.#limits },
      ca: this.#ca,
      guard: LOOPBACK,
      signal: new AbortController().signal,
      onClosed: () => {
        this.closed += 1;
      },
      ...more,
    };
  }

  ask(range: Range, more?: Partial<SourceRequest>): Promise<SourceAnswer> {
    return laneReader(this.request(range, more), this.pool);
  }

  /** A whole range in one fill. */
  async read(range: Range, more?: Partial<SourceRequest>): Promise<Buffer> {
    const answer = await this.ask(range, more);
    const target = Buffer.alloc(range.length);
    return target.subarray(0, await answer.body.fill(target));
  }
}
