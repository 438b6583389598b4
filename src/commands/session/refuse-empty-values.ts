import type { EventEmitter } from 'node:events';
import type { Command } from 'commander';
import { ScenedimError } from '../../errors.ts';

/** Makes an empty value of any option an error. */
export function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    if (!option.required && !option.optional) continue;
    // Before commander's own listener, which parses the value.
    (command as Command & EventEmitter).prependListener(`option:${option.name()}`, (value: unknown) =>
      assertNotEmpty(value, option.long ?? option.flags, option.mandatory),
    );
  }
}

/** Refuses an empty argument of the command that is run. */
export function assertOperands(command: Command): void {
  for (const [index, argument] of command.registeredArguments.entries()) {
    const value: unknown = command.processedArgs[index];
    assertNotEmpty(Array.isArray(value) ? value.join('') : value, `<${argument.name()}>`, argument.required);
  }
}

function assertNotEmpty(value: unknown, name: string, isRequired: boolean): void {
  if (typeof value !== 'string' || value.trim() !== '') return;
  const give = isRequired ? 'give it a value' : 'give it a value, or leave it out';
  throw new ScenedimError('usage', `${name} is empty`, {
    remedy: `${give}; in a script, a variable may not be set`,
  });
}
