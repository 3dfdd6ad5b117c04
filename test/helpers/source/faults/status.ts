import { emptyAnswer, setHeader } from '../answer.ts';
import type { Fault, FaultRule } from '../fault.ts';

/** An error, or any status without a file's body. `retryAfter` is seconds or an HTTP date. */
export function status(
  code: number,
  options: {
    readonly retryAfter?: number | string;
    readonly body?: string;
    readonly headers?: Record<string, string>;
  } = {},
): Fault {
  return {
    name: `status ${code}${options.retryAfter === undefined ? '' : ` with Retry-After ${options.retryAfter}`}`,
    change: (answer) => {
      const fresh = emptyAnswer(code);
      Object.assign(answer, { status: code, reason: fresh.reason, headers: fresh.headers });
      const text = options.body ?? `the source answers ${code}`;
      answer.body = [204, 304].includes(code) ? [] : [Buffer.from(text)];
      if (options.retryAfter !== undefined) setHeader(answer, 'Retry-After', String(options.retryAfter));
      for (const [name, value] of Object.entries(options.headers ?? {})) setHeader(answer, name, value);
    },
  };
}

export function redirect(location: string, code = 302): Fault {
  return { ...status(code, { headers: { Location: location }, body: '' }), name: `redirect ${code} to ${location}` };
}

/** `count` redirects `/hop/1` … `/hop/<count>`, the last to `target`; `first` is the path that begins it. */
export function redirectChain(first: string, count: number, target: string): FaultRule[] {
  return Array.from({ length: count }, (_, hop) => ({
    when: { path: hop === 0 ? first : `/hop/${hop}` },
    faults: redirect(hop === count - 1 ? target : `/hop/${hop + 1}`),
  }));
}

/**
 * `path` redirects to `<target>?signature=<n>`, each time another, and each such address answers `status` once it has
 * been used `uses` times: a presigned URL that runs out.
 */
export function expiringRedirect(path: string, target: string, uses: number, code = 403): FaultRule[] {
  const used = new Map<string, number>();
  let signature = 0;
  const issue: Fault = {
    name: `redirect to ${target}, good for ${uses} requests`,
    change: (answer, exchange) => redirect(`${target}?signature=${++signature}`).change?.(answer, exchange),
  };
  const expire: Fault = {
    name: `${code} after ${uses} requests`,
    change: (answer, exchange) => {
      const { target: address } = exchange.request;
      const count = (used.get(address) ?? 0) + 1;
      used.set(address, count);
      if (count > uses || address === target) status(code).change?.(answer, exchange);
    },
  };
  return [
    { when: { path }, faults: issue },
    { when: { path: target }, faults: expire },
  ];
}

/** Answers 416 whatever the range; `contentRange` is the whole header's value, null sends none. */
export function rangeNotSatisfiable(contentRange: string | null = 'bytes */0'): Fault {
  const headers: Record<string, string> = contentRange === null ? {} : { 'Content-Range': contentRange };
  return { ...status(416, { headers, body: '' }), name: `416 with Content-Range ${contentRange}` };
}

/** 304 even where nothing conditional was asked. */
export function notModified(): Fault {
  return { ...status(304), name: '304 unasked' };
}
