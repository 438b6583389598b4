import type { Command } from 'commander';

/** Adds `--app-id`, which may be given again and again. */
export function addAppIds(command: Command, description: string): Command {
  return command.option('--app-id <id>', description, (id: string, all: readonly string[] = []) => [...all, id]);
}
