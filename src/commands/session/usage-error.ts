import type { CommanderError } from 'commander';
import { ScenedimError } from '../../errors.ts';

/** What commander found wrong with the arguments, as one of our errors; its suggestion becomes the remedy. */
export function usageError(error: CommanderError): ScenedimError {
  if (error.code === 'commander.help') {
    return new ScenedimError('usage', 'no command is given', { remedy: '`scenedim --help` lists the commands' });
  }
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /^\(Did you mean (.+)\?\)$/.exec(rest.join(' '))?.[1];
  return new ScenedimError('usage', message, {
    remedy: suggestion === undefined ? '`scenedim help COMMAND` shows what it takes' : `did you mean ${suggestion}?`,
  });
}
