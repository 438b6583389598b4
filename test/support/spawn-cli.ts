/** The command line as its users start it: a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** The bundle that test/support/built-dist.ts makes, or the sources themselves where SCENEDIM_TEST_SOURCES is 1. */
export const cliPath = new URL(
  process.env['SCENEDIM_TEST_SOURCES'] === '1' ? '../../src/cli.ts' : '../../dist/cli.js',
  import.meta.url,
).pathname;

/** Hundreds of processes compile the same files. */
export const compileCache = new URL('../../node_modules/.cache/scenedim-tests', import.meta.url).pathname;

export interface CliOptions {
  readonly cwd: string;
  /** Added to a bare environment: nothing of the tester's own leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line and leaves it running. */
export function startCli(args: readonly string[], { cwd, env = {} }: CliOptions): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [cliPath, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: compileCache, ...env },
  });
}

/** Resolves when a started command line has ended. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void stdout.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void stderr.push(text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Runs the command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const child = startCli(args, options);
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return ended(child);
}
