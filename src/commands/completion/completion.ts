import type { Command } from 'commander';
import { didYouMean } from '../../did-you-mean.ts';
import { ScenedimError } from '../../errors.ts';
import type { CommandEntry } from '../command-list.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions } from '../session/session.ts';
import { completionScripts } from './completion-scripts.ts';
import { readCommandLine } from './read-command-line.ts';

export const description = 'Prints a script with which a shell completes commands and options.';

export const examples = [
  ['completion bash >> ~/.bashrc', 'for bash, from its next start on'],
  ['completion zsh >> ~/.zshrc', 'for zsh'],
  ['completion fish >> ~/.config/fish/config.fish', 'for fish'],
] as const;

export function define(command: Command, run: RunAction, commands: readonly CommandEntry[]): void {
  const shells = Object.keys(completionScripts);
  command.argument('<shell>', `one of ${shells.join(', ')}`).action(
    run<CommonOptions>(async ({ out }, _flags, [shell = '']) => {
      const write = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
      if (write === undefined) {
        const meant = didYouMean(shell, shells);
        throw new ScenedimError('usage', `there is no completion for "${shell}"`, {
          remedy: meant === undefined ? `use one of ${shells.join(', ')}` : `did you mean ${meant}?`,
        });
      }
      await out.print(write(await readCommandLine(command.parent ?? command, commands)));
      return 0;
    }),
  );
}
