import type { Command } from 'commander';
import { EXIT } from '../exit-code.ts';
import type { Screen } from '../screen/screen.ts';

/** The shells with a script. */
export type Shell = keyof typeof SCRIPTS;

/** `sluice completion`: a script for a shell that completes commands and options, made from the program itself. */
export function completion(program: Command, shell: Shell, screen: Screen): number {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: command.options.flatMap(({ long }) => (long ? [long] : [])),
  }));
  screen.print(SCRIPTS[shell](commands));
  return EXIT.complete;
}

interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly string[];
}

function bash(commands: readonly Completed[]): string {
  return `# source <(sluice completion bash)
_sluice() {
  local word=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$word")); return; fi
  case "\${COMP_WORDS[1]}" in
${commands.map(({ name, options }) => `    ${name}) COMPREPLY=($(compgen -W '${options.join(' ')}' -- "$word")) ;;`).join('\n')}
  esac
}
complete -o default -F _sluice sluice`;
}

function zsh(commands: readonly Completed[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return `#compdef sluice
# source <(sluice completion zsh)
_sluice() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')})
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(({ name, options }) => `    ${name}) compadd -- ${options.join(' ')}; _files ;;`).join('\n')}
  esac
}
compdef _sluice sluice`;
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return [
    '# sluice completion fish | source',
    ...commands.map(
      ({ name, summary }) => `complete -c sluice -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ),
    ...commands.flatMap(({ name, options }) =>
      options.map((option) => `complete -c sluice -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
    ),
  ].join('\n');
}

const SCRIPTS = { bash, zsh, fish };
