import { access, constants, readdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf, messageOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import { makeDirectory } from '../../make-directory.ts';
import { acquireDirectoryLock, isLockFile, type LockWait } from './directory-lock.ts';
import { diskFaultOf } from './disk-fault.ts';
import { isDatabaseDirectory } from './make-database.ts';

const OWNER_ONLY = 0o700;

/** A directory that only this process uses until it is disposed. */
export interface LockedDirectory extends Disposable {
  /** Without symbolic links: PGlite cannot open one. */
  readonly path: string;
}

/**
 * Makes the directory of a database usable by this process alone: PGlite itself lets two processes in, and rows are lost.
 * Waits up to `openTimeoutMs` for another holder. Makes the directory; refuses one that holds something else.
 */
export async function lockDirectory(directory: string, wait: LockWait): Promise<LockedDirectory> {
  try {
    await assertOwnDirectory(directory);
    await makeDirectory(directory, OWNER_ONLY);
    const path = await realpath(directory);
    const lock = await acquireDirectoryLock(path, wait);
    return { path, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  } catch (error) {
    if (error instanceof ScenedimError || wait.signal.aborted) throw error;
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
  return (
    diskFaultOf(error) ??
    new ScenedimError('file_unusable', `target.path: ${messageOf(error)}`, {
      remedy: 'name a directory that this user may create and write',
      cause: error,
    })
  );
}

async function assertOwnDirectory(directory: string): Promise<void> {
  const names = await namesIn(directory);
  if (names.length === 0 || isDatabaseDirectory(names)) return;
  throw new ScenedimError('file_unusable', `target.path: ${directory} holds files that are not a database of PGlite`, {
    remedy: 'name an empty or a new directory',
  });
}

/** The names in a directory but the lock's. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !isLockFile(name));
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
