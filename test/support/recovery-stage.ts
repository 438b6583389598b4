/** A directory in which the recipes of config/recovery/README.md are run as they stand there. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { documentBlocks, textOf } from './documents.ts';
import { type CliResult, cliPath, compileCache, ended } from './spawn-cli.ts';

export const recoveryDocument = 'config/recovery/README.md';

/** The recipes by the heading that they stand under, in order. */
export const recipes: ReadonlyMap<string, readonly string[]> = recipesByHeading();

export interface RecoveryStage extends AsyncDisposable {
  readonly directory: string;
  /** Runs a command of a shell; does not judge how it ends. */
  shell(command: string, input?: string): Promise<CliResult>;
  /** Runs a command that must end with 0; returns what it printed. */
  succeed(command: string, input?: string): Promise<string>;
  /** Runs a command that must end with this code; returns all that it printed. */
  fail(code: number, command: string, input?: string): Promise<string>;
  /** Runs recipe `number` (from 1) of a heading, which must end with 0; returns what it printed. */
  follow(heading: string, number?: number): Promise<string>;
  /** The dimension and the log, as they leave the target. */
  contents(): Promise<{ readonly dimension: string; readonly log: string }>;
  /** Makes `scenedim` the program of another folder, as installing another release does. */
  install(program: string): Promise<void>;
  write(name: string, content: string): Promise<void>;
}

/** Of a config, and of what a shell has beside PATH; `within` is a command that starts the shell, see small-disk.ts. */
export async function createRecoveryStage(
  config: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
): Promise<RecoveryStage> {
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-recovery-'));
  const bin = join(directory, 'bin');
  await mkdir(bin);
  const shell = (command: string, input = ''): Promise<CliResult> => {
    const bash = ['bash', '--norc', '-euo', 'pipefail', '-c', `cd '${directory}'; ${command}`];
    const [program = '', ...args] = [...within, ...bash];
    const child = spawn(program, args, {
      env: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        NODE_COMPILE_CACHE: compileCache,
        SCENEDIM_LOG_LEVEL: 'warn',
        ...env,
      },
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return ended(child);
  };
  const fail = async (code: number, command: string, input?: string): Promise<string> => {
    const result = await shell(command, input);
    const told = result.stdout + result.stderr;
    expect([command, result.code, result.code === code ? '' : told]).toEqual([command, code, '']);
    return told;
  };
  const succeed = (command: string, input?: string) => fail(0, command, input);
  const install = async (program: string): Promise<void> => {
    await writeFile(join(bin, 'scenedim'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
    await chmod(join(bin, 'scenedim'), 0o755);
  };
  await install(cliPath);
  await writeFile(join(directory, 'scenedim.yaml'), stringify(config));
  return {
    directory,
    shell,
    succeed,
    fail,
    install,
    follow: (heading, number = 1) => succeed(recipeOf(heading, number)),
    contents: async () => ({ dimension: await succeed('scenedim export'), log: await succeed('scenedim export-log') }),
    write: (name, content) => writeFile(join(directory, name), content),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** A recipe as it stands in the document; `number` counts from 1. */
export function recipeOf(heading: string, number = 1): string {
  const recipe = recipes.get(heading)?.[number - 1];
  if (recipe === undefined) throw new Error(`${recoveryDocument} has no recipe ${number} under "${heading}"`);
  return recipe;
}

function recipesByHeading(): ReadonlyMap<string, readonly string[]> {
  const lines = textOf(recoveryDocument).split('\n');
  const found = new Map<string, string[]>();
  for (const { document, info, text, line } of documentBlocks) {
    if (document !== recoveryDocument || info !== 'sh recovery') continue;
    const heading =
      lines
        .slice(0, line)
        .findLast((each) => each.startsWith('## '))
        ?.slice(3) ?? '';
    found.set(heading, [...(found.get(heading) ?? []), text]);
  }
  return found;
}
