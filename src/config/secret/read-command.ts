import { execFile } from 'node:child_process';
import { ScenedimError } from '../../errors.ts';
import type { Environment } from '../interpolate.ts';

/** More is no secret, nor the JSON around one. */
const MAX_BYTES = 1_048_576;

/**
 * What a program prints. It runs without a shell, beside the config file, with the environment of this process, and is killed
 * when the signal is aborted. No error holds its standard error, which may hold the secret.
 */
export async function readCommand(
  command: readonly string[],
  { baseDirectory, environment }: { readonly baseDirectory: string; readonly environment: Environment },
  signal: AbortSignal,
): Promise<string> {
  const [program = '', ...args] = command;
  const options = {
    cwd: baseDirectory,
    env: environment,
    encoding: 'utf8',
    maxBuffer: MAX_BYTES,
    killSignal: 'SIGKILL',
    windowsHide: true,
    signal,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(signal.aborted ? signal.reason : failed(program, error));
    });
    // A program may end before its empty standard input is closed: that is no failure.
    child.stdin?.on('error', () => {});
    child.stdin?.end();
  });
}

interface Failure extends Error {
  /** The exit status, or why it could not be run. */
  readonly code?: unknown;
  readonly signal?: string | null;
}

function failed(program: string, error: Failure): ScenedimError {
  const { what, remedy } = endOf(error);
  return new ScenedimError('config_invalid', `the command ${program} ${what}`, { remedy });
}

const known: Readonly<Record<string, { readonly what: string; readonly remedy: string }>> = {
  ENOENT: { what: 'does not exist', remedy: 'correct its path, or install it where PATH finds it' },
  EACCES: { what: 'may not be executed by this user', remedy: 'make it executable: chmod +x' },
  ERR_CHILD_PROCESS_STDIO_MAXBUFFER: { what: 'printed more than 1 MiB', remedy: 'let it print the secret alone' },
};

function endOf({ code, signal }: Failure): { readonly what: string; readonly remedy: string } {
  const found = typeof code === 'string' ? known[code] : undefined;
  if (found !== undefined) return found;
  const remedy = 'run it by hand to see what it says: that is not told here, because it may hold the secret';
  if (typeof code === 'number') return { what: `ended with ${code}`, remedy };
  return { what: typeof signal === 'string' ? `was ended by ${signal}` : 'cannot be run', remedy };
}
