import { UsageError } from '../usage-error.ts';

/** Request headers from lines of `Name: value`. @throws UsageError */
export function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(line);
      // The value may be a secret, so the message does not contain it.
      if (match?.[1] === undefined) throw new UsageError('--header takes "Name: value"');
      return [match[1], match[2] ?? ''];
    }),
  );
}
