import { isSetByEngine } from '#transfer/index.ts';
import { UsageError } from '../usage-error.ts';

/** Request headers from lines of `Name: value`. @throws UsageError with all problems. */
export function headersOf(lines: readonly string[]): Record<string, string> {
  const problems: string[] = [];
  const taken = new Set<string>();
  const headers = lines.flatMap((line, at): [string, string][] => {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/s.exec(line) ?? [];
    // The value may be a secret, so no message contains it.
    if (name === undefined) {
      problems.push(
        `--header ${lines.length === 1 ? '' : `number ${at + 1} `}is not a header: give "Name: value", with a name of letters, digits and dashes`,
      );
      return [];
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      problems.push(
        `--header ${name} has a value with characters that HTTP can't send (line ends, controls, or beyond Latin-1): remove or encode them`,
      );
    if (isSetByEngine(name))
      problems.push(`--header ${name} is not for you to set: remove it, because Sluice sets it in each request`);
    if (taken.has(name.toLowerCase()))
      problems.push(`--header ${name} is given twice: give it once, with all its values`);
    taken.add(name.toLowerCase());
    return [[name, value]];
  });
  if (problems.length > 0) throw new UsageError(problems);
  return Object.fromEntries(headers);
}
