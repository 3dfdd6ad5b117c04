import { type Argument, type Command, InvalidArgumentError, type Option } from 'commander';
import type { Mistakes } from './mistakes.ts';

/**
 * Makes a command of commander report all mistakes of its line. By itself, commander throws at the first mistake, and
 * the person meets the next one only in the next call.
 *
 * Call it when the command has all its arguments and options.
 */
export function reportAllMistakes(command: Command, mistakes: Mistakes): void {
  /** Options without a usable value. They are not reported again as missing. */
  const without = new Set<Option>();
  for (const option of command.options) {
    keepParsing(option, (value, why) => {
      without.add(option);
      mistakes.add(`${option.long} is ${JSON.stringify(value)}, and ${why}`);
    });
  }
  for (const argument of command.registeredArguments) {
    keepParsing(argument, (value, why) => {
      mistakes.add(`<${argument.name()}> is ${JSON.stringify(value)}, and ${why}`);
    });
  }
  const report = (message: string, { code = '' }: { code?: string } = {}) => {
    const [, named = ''] = /'([^']*)'/.exec(message) ?? [];
    const option = command.options.find(({ flags }) => flags === named);
    switch (code) {
      case 'commander.missingArgument': {
        const argument = command.registeredArguments.find((one) => one.name() === named);
        return mistakes.add(`<${named}> is missing: give ${argument?.description ?? named}`);
      }
      case 'commander.optionMissingArgument':
        if (option !== undefined) without.add(option);
        return mistakes.add(`${option?.long} has no value behind it: ${valueFor(option)}`);
      case 'commander.missingMandatoryOptionValue':
        if (option !== undefined && without.has(option)) return;
        return mistakes.add(`${option?.long} is missing: ${valueFor(option)}`);
      case 'commander.excessArguments':
        return tooMany(command, mistakes);
      default:
        return mistakes.add(message.replace(/^error: /, ''));
    }
  };
  // The type says that `error` never returns. Commander continues if it does, and so finds the other mistakes.
  command.error = report as Command['error'];
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => {
    const { operands, unknown } = parse(args);
    for (const option of without)
      command.setOptionValueWithSource(option.attributeName(), option.defaultValue, 'default');
    // The help is shown instead of mistakes.
    if (unknown.includes('--help') || unknown.includes('-h')) return { operands, unknown };
    return { operands: [...operands, ...wordsOf(unknown, command, mistakes)], unknown: [] };
  };
}

/** Lets a parser report a wrong value, and keep the value before, instead of ending the parsing of the line. */
function keepParsing(target: Option | Argument, wrong: (value: string, why: string) => void): void {
  const parse = target.parseArg;
  if (parse === undefined) return;
  const choices = target.argChoices;
  target.parseArg = <Value>(value: string | undefined, previous: Value): Value => {
    // The value is missing, which was reported.
    if (value === undefined) return previous;
    try {
      return parse.call(target, value, previous) as Value;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      wrong(value, choices === undefined ? error.message : `takes one of ${choices.join(', ')}`);
      return previous;
    }
  };
}

/**
 * Reports the unknown options, and returns the other words.
 *
 * @param unknown the first unknown option, and everything behind it that commander did not recognise.
 */
function wordsOf(unknown: readonly string[], command: Command, mistakes: Mistakes): string[] {
  const words: string[] = [];
  const end = unknown.indexOf('--');
  const before = end < 0 ? unknown : unknown.slice(0, end);
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? '';
    if (!/^-./.test(word)) {
      words.push(word);
      continue;
    }
    const [name = ''] = word.split('=');
    if (command.options.some(({ long }) => long === name)) {
      mistakes.add(`${name} takes no value: remove ${JSON.stringify(word.slice(name.length))}`);
      continue;
    }
    const meant = meantBy(name, command);
    mistakes.add(
      `${name} is not an option of "sluice ${command.name()}": ${meant === undefined ? 'remove it' : `did you mean ${meant}?`}`,
    );
    // The next word is the value of the option that was meant, not an argument.
    const takesValue = command.options.some(({ long, required }) => long === meant && required);
    if (takesValue && !word.includes('=') && !/^-./.test(before[at + 1] ?? '-x')) at += 1;
  }
  return [...words, ...(end < 0 ? [] : unknown.slice(end + 1))];
}

function tooMany(command: Command, mistakes: Mistakes): void {
  const names = command.registeredArguments.map((argument) => `<${argument.name()}>`).join(' ');
  const takes = names === '' ? 'takes no arguments' : `takes only ${names}`;
  for (const word of command.args.slice(command.registeredArguments.length)) {
    mistakes.add(`${JSON.stringify(word)} is one argument too many: "sluice ${command.name()}" ${takes}`);
  }
}

function valueFor(option: Option | undefined): string {
  return `give ${/[<[].*$/.exec(option?.flags ?? '')?.[0] ?? 'a value'}, ${option?.description ?? ''}`;
}

/** Returns the options that a person may have meant: commander finds them, and says them only in its message. */
function meantBy(name: string, command: Command): string | undefined {
  let message = '';
  const report = command.error;
  command.error = ((text: string) => {
    message = text;
  }) as Command['error'];
  // The types leave this method out.
  (command as unknown as { unknownOption(flag: string): void }).unknownOption(name);
  command.error = report;
  return /Did you mean (.*)\?/.exec(message)?.[1];
}
