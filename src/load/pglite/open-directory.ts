import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sleep } from '../../clock.ts';
import { errorCodeOf, messageOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import type { LoaderContext } from '../loader.ts';
import { type LockFile, type LockFileHeld, tryLockFile } from './lock-file.ts';
import { isDatabaseDirectory } from './make-database.ts';

const POLL_MS = 100;

/**
 * Makes the directory of a database usable by this process alone: PGlite itself lets two processes in, and rows are lost.
 * Waits up to `openTimeoutMs` for another holder. Makes parent folders; refuses a directory that holds something else.
 */
export async function lockDirectory(directory: string, { openTimeoutMs, signal }: LoaderContext): Promise<LockFile> {
  const file = `${directory}.lock`;
  try {
    await mkdir(dirname(directory), { recursive: true });
    const lock = await waitForLock(file, openTimeoutMs, signal);
    try {
      await assertOwnDirectory(directory);
      return lock;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    if (error instanceof ScenedimError || signal.aborted) throw error;
    throw unusable(error);
  }
}

/** True when nothing is where a database would be made: no directory, or an empty one. */
export async function isVacant(directory: string): Promise<boolean> {
  try {
    return (await namesIn(directory)).length === 0;
  } catch {
    // Whatever it is, opening it says what is wrong with it.
    return false;
  }
}

/** Throws `file_unusable` when this user may not make a directory there; makes nothing. */
export async function assertMayBeMade(directory: string): Promise<void> {
  const parent = dirname(directory);
  try {
    await access(parent, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' && parent !== directory) {
      return assertMayBeMade(parent);
    }
    throw unusable(error);
  }
}

function unusable(error: unknown): ScenedimError {
  return new ScenedimError('file_unusable', `target.path: ${messageOf(error)}`, {
    remedy: 'name a directory that this user may create and write',
    cause: error,
  });
}

async function waitForLock(file: string, timeoutMs: number, signal: AbortSignal): Promise<LockFile> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await tryLockFile(file);
    if (!('holder' in answer)) return answer;
    const left = deadline - performance.now();
    if (left <= 0) throw lockHeld(file, answer);
    await sleep(Math.min(POLL_MS, left), signal);
  }
}

function lockHeld(file: string, { holder }: LockFileHeld): ScenedimError {
  const who = holder === null ? 'an unknown process' : `process ${holder.pid} on ${holder.host}`;
  return new ScenedimError('lock_held', `the database is in use: ${file} is held by ${who}`, {
    remedy: `wait for it with --lock-timeout 10m; when it is certain that it is gone, delete ${file}`,
  });
}

async function assertOwnDirectory(directory: string): Promise<void> {
  const names = await namesIn(directory);
  if (names.length === 0 || isDatabaseDirectory(names)) return;
  throw new ScenedimError('file_unusable', `target.path: ${directory} holds files that are not a database of PGlite`, {
    remedy: 'name an empty or a new directory',
  });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
