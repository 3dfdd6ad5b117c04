import { parseArgs } from 'node:util';

interface ScriptOption {
  readonly type: 'string' | 'boolean';
  /** The description of the option, for the usage. */
  readonly what: string;
  readonly short?: string;
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** The name of the value in the usage; NUMBER is checked. @default TEXT */
  readonly takes?: string;
}
type ScriptOptions = Readonly<Record<string, ScriptOption>>;

export interface Script<Options extends ScriptOptions> {
  /** The command that starts the script: `node bench/ledger.ts`. */
  readonly command: string;
  /** What the script does, a sentence. */
  readonly about: string;
  readonly options?: Options;
  /** The arguments besides options: `FILE …`. @default none */
  readonly positionals?: string;
}

/**
 * Reads the command line of a script of this repository. With `--help` the script ends with 0 and its usage, with a
 * wrong option with 2 and one sentence; the command line `sluice` does the same with commander.
 */
export function scriptOptions<const Options extends ScriptOptions>(
  script: Script<Options>,
  args = process.argv.slice(2),
) {
  const options = { ...script.options, help: HELP } as Options & { help: typeof HELP };
  const { values, positionals } = parsed(script, () =>
    parseArgs({ args, options, allowPositionals: script.positionals !== undefined }),
  );
  if ((values as { help?: boolean }).help === true) {
    process.stdout.write(usageOf(script));
    end(0);
  }
  for (const [name, value] of Object.entries(values)) {
    if (options[name]?.takes === 'NUMBER' && !/^\d+(\.\d+)?$/.test(String(value))) {
      refuse(script, `--${name} takes a number, not "${value}"`);
    }
  }
  return { values, positionals: positionals as readonly string[] };
}

/** Ends a script whose options are not possible. */
export function refuse({ command }: Pick<Script<never>, 'command'>, why: string): never {
  process.stderr.write(`${why}. "${command} --help" shows the options.\n`);
  return end(2);
}

const HELP = { type: 'boolean', short: 'h', what: 'show this text' } as const;

function parsed<Parsed>(script: Pick<Script<never>, 'command'>, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error;
    // The first sentence says what is wrong. Few readers need Node's advice after it.
    return refuse(script, (error as Error).message.replace(/\.\s.*/s, ''));
  }
}

function usageOf({ command, about, options = {}, positionals }: Script<ScriptOptions>): string {
  const rows = Object.entries({ ...options, help: HELP } as ScriptOptions).map(
    ([name, { type, what, short, takes = 'TEXT', default: byDefault }]) => [
      `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${takes}` : ''}`,
      typeof byDefault === 'string' ? `${what} (${byDefault})` : what,
    ],
  );
  const width = Math.max(...rows.map(([option = '']) => option.length));
  const lines = rows.map(([option = '', what]) => `  ${option.padEnd(width)}  ${what}`);
  const call = [command, '[options]', positionals].filter((part) => part !== undefined).join(' ');
  return `${about}\n\n  ${call}\n\nOptions\n${lines.join('\n')}\n`;
}

/**
 * Ends a script in the middle of its module. `process.exit` can deadlock in Node 24 (nodejs/node 54918), and a module
 * has no `return`. So it throws an error that is not printed.
 */
function end(code: number): never {
  process.setUncaughtExceptionCaptureCallback(() => {
    process.exitCode = code;
  });
  throw new Error(`ends with ${code}`);
}
