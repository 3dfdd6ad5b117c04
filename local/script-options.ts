import { type ParsedOption, parseAll } from './parse-all.ts';

interface ScriptOption extends ParsedOption {
  /** The description of the option, for the usage. */
  readonly what: string;
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
 * Reads the command line of a script of this repository. With `--help` the script ends with 0 and its usage, with wrong
 * options with 2 and one sentence that names all of them; the command line `sluice` does the same with commander.
 */
export function scriptOptions<const Options extends ScriptOptions>(
  script: Script<Options>,
  args = process.argv.slice(2),
) {
  const options = { ...script.options, help: HELP } as Options & { help: typeof HELP };
  const { values, positionals, problems } = parseAll(args, options, {
    allowPositionals: script.positionals !== undefined,
  });
  if ((values as { help?: boolean }).help === true) {
    process.stdout.write(usageOf(script));
    end(0);
  }
  for (const [name, value] of Object.entries(values)) {
    if (options[name]?.takes !== 'NUMBER' || typeof value !== 'string') continue;
    if (!/^\d+(\.\d+)?$/.test(value)) problems.push(`--${name} takes a number, not "${value}"`);
  }
  if (problems.length > 0) refuse(script, problems.join('; '));
  return { values, positionals };
}

/** Ends a script whose options are not possible. */
export function refuse({ command }: Pick<Script<never>, 'command'>, why: string): never {
  process.stderr.write(`${why}. "${command} --help" shows the options.\n`);
  return end(2);
}

const HELP = { type: 'boolean', short: 'h', what: 'show this text' } as const;

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
