import type { SourceRequest } from './request.ts';

/** The outcome of one request. */
export interface RequestRecord extends SourceRequest {
  /** The faults that affected it, by name. */
  readonly faults: readonly string[];
  readonly status: number;
  /** Where in the file its body began, and the seed it came from; undefined where the body was no part of a file. */
  readonly bodyFrom: number | undefined;
  /** Body bytes handed to the socket so far. */
  bodyBytes: number;
  /** Whether all of the answer was handed to the socket. */
  complete: boolean;
}

/** Bytes of one path's file that were sent once or more, and how many again: `again` is the cost of retries. */
export function coverage(records: readonly RequestRecord[], path?: string): { once: number; again: number } {
  const stretches = records
    .filter((record) => record.bodyFrom !== undefined && record.bodyBytes > 0)
    .filter((record) => path === undefined || record.path === path)
    .map(({ bodyFrom = 0, bodyBytes }) => ({ from: bodyFrom, to: bodyFrom + bodyBytes }))
    .sort((a, b) => a.from - b.from);
  let once = 0;
  let again = 0;
  let end = 0;
  for (const { from, to } of stretches) {
    const fresh = Math.max(0, to - Math.max(from, end));
    once += fresh;
    again += to - from - fresh;
    end = Math.max(end, to);
  }
  return { once, again };
}
