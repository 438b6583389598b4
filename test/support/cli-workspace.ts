/** A directory with a config, in which tests run the command line against a target. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CliResult, ended, runCli, startCli } from './spawn-cli.ts';

/** The `target` section of a config, as the file says it. */
export type TargetSettings = Readonly<Record<string, string | boolean | readonly string[]>>;

export interface CliWorkspace extends AsyncDisposable {
  readonly directory: string;
  /** Writes a file and returns its path. */
  write(name: string, content: string): Promise<string>;
  /** Starts a command and leaves it running. */
  start(args: readonly string[]): ChildProcessWithoutNullStreams;
  /** Runs a command to its end. */
  run(args: readonly string[], input?: string): Promise<CliResult>;
  /** Runs a command that must succeed; returns what it printed. */
  succeed(args: readonly string[], input?: string): Promise<string>;
  /** Everything that observers of the target can see: the export and the log. */
  contents(): Promise<{ readonly dimension: string; readonly log: string }>;
}

/** Makes a workspace whose `scenedim.yaml` holds the given sections; JSON is YAML. Every command waits for locks. */
export async function createCliWorkspace(
  sections: { readonly target: TargetSettings; readonly [section: string]: unknown },
  env: Readonly<Record<string, string>> = {},
): Promise<CliWorkspace> {
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-work-'));
  await writeFile(join(directory, 'scenedim.yaml'), JSON.stringify(sections));
  const options = { cwd: directory, env };

  async function succeed(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await runCli(args, { ...options, ...(input !== undefined && { input }) });
    expect([args, code, code === 0 ? '' : stderr + stdout]).toEqual([args, 0, '']);
    return stdout;
  }

  return {
    directory,
    write: async (name, content) => {
      await writeFile(join(directory, name), content);
      return join(directory, name);
    },
    start: (args) => startCli(args, options),
    run: (args, input) => runCli(args, { ...options, ...(input !== undefined && { input }) }),
    succeed,
    contents: async () => ({ dimension: await succeed(['export']), log: await succeed(['export-log']) }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Ends a process as the kernel does when memory runs out, and waits until it is gone. */
export async function kill(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  const result = ended(child);
  child.kill('SIGKILL');
  return result;
}
