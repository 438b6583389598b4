import type { CommanderError } from 'commander';
import { ScenedimError } from '../../errors.ts';

/**
 * What commander found wrong with the arguments, as one of our errors; its suggestion becomes the
 * remedy, else the help of `command`, or that of the program when no command is named.
 */
export function usageError(error: CommanderError, command: string | undefined): ScenedimError {
  if (error.code === 'commander.help') {
    return new ScenedimError('usage', 'no command is given', { remedy: '`scenedim --help` lists the commands' });
  }
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /^\(Did you mean (.+)\?\)$/.exec(rest.join(' '))?.[1];
  return new ScenedimError('usage', message, {
    remedy: suggestion === undefined ? helpOf(command) : `did you mean ${suggestion}?`,
  });
}

function helpOf(command: string | undefined): string {
  return command === undefined
    ? '`scenedim --help` lists commands and options'
    : `\`scenedim ${command} --help\` shows what it takes`;
}
