import { Command, type Option } from 'commander';
import type { CommandEntry } from '../command-list.ts';

/** What can be typed: the options of every command, and the commands with their own. */
export interface CommandLine {
  readonly options: readonly OptionWord[];
  readonly commands: readonly CommandWord[];
}

export interface CommandWord {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWord[];
}

export interface OptionWord {
  /** With its dashes, as `--config`. */
  readonly long: string;
  /** As `-c`; undefined when there is none. */
  readonly short: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
}

/** Loads every command. `program` has the common options. */
export async function readCommandLine(program: Command, entries: readonly CommandEntry[]): Promise<CommandLine> {
  const commands = entries.map(async ({ name, summary, load }) => {
    const command = new Command(name);
    (await load()).define(command, () => async () => {}, entries);
    return { name, summary, options: wordsOf(command) };
  });
  return { options: wordsOf(program), commands: await Promise.all(commands) };
}

function wordsOf(command: Command): OptionWord[] {
  const help = command.createHelp();
  return help.visibleOptions(command).flatMap(wordOf);
}

function wordOf({ long, short, description, required, optional }: Option): OptionWord[] {
  if (long === undefined || long === null) return [];
  return [{ long, short: short ?? undefined, description, takesValue: required || optional }];
}
