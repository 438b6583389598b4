import { shellWord } from '../../shell-word.ts';
import type { CommandLine, OptionWord } from './read-command-line.ts';

/**
 * Scripts for shells, by the shell's name. They hold all words, so that a shell need not start the program; what is no option
 * of ours is completed as a file.
 */
export const completionScripts: Readonly<Record<string, (line: CommandLine) => string>> = {
  bash: bashScript,
  zsh: (line) => `${zshStart}${bashScript(line)}`,
  fish: fishScript,
};

/** Many start compinit themselves; a second start costs time. */
const zshStart = `(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
autoload -Uz bashcompinit && bashcompinit
`;

function bashScript({ options, commands }: CommandLine): string {
  const names = commands.map(({ name }) => name);
  const cases = commands.map((command) => `    ${command.name}) words='${longWords(command.options, options)}' ;;\n`);
  return `_scenedim() {
  local current=$2 command= word words
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case $word in
      ${names.join('|')}) command=$word; break ;;
    esac
  done
  case $command in
    '') words='${names.join(' ')} help ${longWords(options)}' ;;
${cases.join('')}  esac
  COMPREPLY=()
  if [[ -z $command || $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _scenedim scenedim
`;
}

/** Each once: a command has common options, too. */
function longWords(...lists: readonly (readonly OptionWord[])[]): string {
  return [...new Set(lists.flat().map(({ long }) => long))].join(' ');
}

function fishScript({ options, commands }: CommandLine): string {
  const lines = [
    ...commands.map(({ name, summary }) => `-f -n __fish_use_subcommand -a ${name} -d ${shellWord(summary)}`),
    ...options.map(fishOption),
    ...commands.flatMap((command) =>
      command.options
        .filter(({ long }) => !options.some((common) => common.long === long))
        .map((option) => `-n '__fish_seen_subcommand_from ${command.name}' ${fishOption(option)}`),
    ),
  ];
  return lines.map((line) => `complete -c scenedim ${line}\n`).join('');
}

function fishOption({ long, short, description, takesValue }: OptionWord): string {
  const shortWord = short === undefined ? '' : ` -s ${short.slice(1)}`;
  return `-l ${long.slice(2)}${shortWord}${takesValue ? ' -r' : ''} -d ${shellWord(description)}`;
}
