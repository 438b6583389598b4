import type { CommanderError } from 'commander';
import { didYouMean } from '../../did-you-mean.ts';
import { ScenedimError } from '../../errors.ts';

/** What other programs call what is called otherwise here, and is not near enough to be guessed. */
const knownElsewhere: Readonly<Record<string, string>> = {
  "unknown command 'version'": '--version',
  "unknown option '-v'": '--version',
};

/**
 * What commander found wrong with `args`, as one of our errors; its suggestion becomes the remedy, else
 * the help of the command that they name, or that of the program when they name none of `commands`.
 */
export function usageError(error: CommanderError, args: readonly string[], commands: readonly string[]): ScenedimError {
  if (error.code === 'commander.help') return withoutCommand(args, commands);
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = knownElsewhere[message] ?? /^\(Did you mean (.+)\?\)$/.exec(rest.join(' '))?.[1];
  const command = commands.find((name) => name === args[0]);
  return new ScenedimError('usage', message, {
    remedy: suggestion === undefined ? helpOf(command) : `did you mean ${suggestion}?`,
  });
}

/** Commander takes the help of an unknown command for no command at all. */
function withoutCommand([first, asked]: readonly string[], commands: readonly string[]): ScenedimError {
  const isAsked = first === 'help' && asked !== undefined;
  const meant = isAsked ? didYouMean(asked, commands) : undefined;
  return new ScenedimError('usage', isAsked ? `unknown command '${asked}'` : 'no command is given', {
    remedy: meant === undefined ? '`scenedim --help` lists the commands' : `did you mean ${meant}?`,
  });
}

function helpOf(command: string | undefined): string {
  return command === undefined
    ? '`scenedim --help` lists commands and options'
    : `\`scenedim ${command} --help\` shows what it takes`;
}
