import { isSetByEngine } from '#transfer/index.ts';
import { UsageError } from '../usage-error.ts';

/** Request headers from lines of `Name: value`. @throws UsageError */
export function headersOf(lines: readonly string[]): Record<string, string> {
  const taken = new Set<string>();
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(line);
      // The value may be a secret, so the message does not contain it.
      if (match?.[1] === undefined) throw new UsageError('--header takes "Name: value"');
      const [, name, value = ''] = match;
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
        throw new UsageError(`--header ${name} has a value with characters that HTTP can't send (beyond Latin-1)`);
      if (isSetByEngine(name))
        throw new UsageError(`--header ${name} is not for you to set: Sluice sets this header in each request`);
      if (taken.has(name.toLowerCase()))
        throw new UsageError(`--header ${name} is given twice: give it once, with all its values`);
      taken.add(name.toLowerCase());
      return [name, value];
    }),
  );
}
