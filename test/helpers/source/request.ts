/** One request as the source read it. */
export interface SourceRequest {
  /** From 1, over all connections in the order of their heads. */
  readonly number: number;
  /** From 1, in the order of accepting. */
  readonly connection: number;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Path without the query. */
  readonly path: string;
  /** Names in lower case; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a single `Range: bytes=` asks for; `to` is inclusive and undefined for an open end. */
  readonly range: { readonly from: number; readonly to: number | undefined } | { readonly suffix: number } | undefined;
}

/** Parses a request head, without its blank line. Strict enough for clients of our own, not for the world. */
export function parseRequest(head: string, number: number, connection: number): SourceRequest {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const path = target.split('?')[0] ?? target;
  return { number, connection, method, target, path, headers, range: parseRange(headers.range) };
}

function parseRange(value: string | undefined): SourceRequest['range'] {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value ?? '');
  if (!match) return undefined;
  const [, from, to] = match;
  if (from) return { from: Number(from), to: to ? Number(to) : undefined };
  return to ? { suffix: Number(to) } : undefined;
}
