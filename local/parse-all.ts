import { parseArgs } from 'node:util';

/** An option, as `parseArgs` takes it. */
export interface ParsedOption {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly default?: string | boolean;
}

/**
 * Reads a command line with Node's `parseArgs`, and finds all that is wrong with it. `parseArgs` itself throws at the
 * first mistake.
 *
 * @returns the problems, each as a part of a sentence. If there are some, the values are not those of the options'
 * types.
 */
export function parseAll<const Options extends Readonly<Record<string, ParsedOption>>>(
  args: readonly string[],
  options: Options,
  { allowPositionals }: { readonly allowPositionals: boolean },
) {
  const line = { args: [...args], options };
  const { tokens } = parseArgs({ ...line, strict: false, allowPositionals: true, tokens: true });
  const problems = tokens.flatMap((token) => {
    if (token.kind === 'positional')
      return allowPositionals ? [] : [`"${token.value}" is one argument too many: remove it`];
    if (token.kind !== 'option') return [];
    const option = options[token.name];
    if (option === undefined) return [`unknown option '${token.rawName}'`];
    // As Node's strict mode: a value that looks like an option is probably one, and the value was forgotten.
    const isMissing = token.value === undefined || (!token.inlineValue && /^-./.test(token.value));
    if (option.type === 'string') return isMissing ? [`${token.rawName} has no value: give one`] : [];
    return token.value === undefined ? [] : [`${token.rawName} takes no value: remove "${token.value}"`];
  });
  const { values, positionals } = parseArgs({ ...line, strict: false, allowPositionals: true }) as ReturnType<
    typeof parseArgs<{ options: Options; args: string[]; allowPositionals: true }>
  >;
  return { values, positionals: positionals as readonly string[], problems };
}
