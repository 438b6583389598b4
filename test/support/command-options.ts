import { Command } from 'commander';
import { expect } from 'vitest';
import { commandList } from '../../src/commands/command-list.ts';

const common = ['--config', '--json', '--quiet', '--grace', '--log-level', '--log-format', '--help', '--version'];

/** Long options by command, the common ones included. */
export async function optionsByCommand(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const entry of commandList) {
    const command = await defined(entry.name);
    found.set(entry.name, [...common, ...command.options.map(({ long }) => long ?? '')]);
  }
  return found;
}

/** Parses a command line as the program does, and runs nothing; fails the test when the program would refuse it. */
export async function expectParsed([name = '', ...args]: readonly string[]): Promise<void> {
  const command = await defined(name);
  for (const option of common) command.option(/^--(?:config|grace|log-)/.test(option) ? `${option} <value>` : option);
  command.exitOverride().configureOutput({ writeErr: () => {} });
  let ran = false;
  command.action(() => {
    ran = true;
  });
  await command.parseAsync(args, { from: 'user' });
  expect(ran).toBe(true);
}

async function defined(name: string): Promise<Command> {
  const entry = commandList.find((each) => each.name === name);
  if (entry === undefined) throw new Error(`scenedim has no command "${name}"`);
  const command = new Command(entry.name);
  (await entry.load()).define(command, () => () => Promise.resolve(), commandList);
  return command;
}
