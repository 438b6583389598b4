/** The lock of a database's directory: a lock file inside the directory. */
import { join } from 'node:path';
import { ScenedimError } from '../../errors.ts';
import { acquireFileLock, readFileLockHolder } from '../../process/file-lock.ts';
import type { LoaderContext } from '../loader-factory.ts';

const FILE = 'scenedim.lock';

/** True for the names of the lock's files, the journal of SQLite included. */
export function isLockFile(name: string): boolean {
  return name.startsWith(FILE);
}

/** How long to wait for the lock, and who is told that it is waited for. */
export type LockWait = Pick<LoaderContext, 'openTimeoutMs' | 'signal' | 'onRetry'>;

/** Waits up to `openTimeoutMs` for the lock of a directory that exists; `lock_held` names its holder. Disposing releases it. */
export async function acquireDirectoryLock(
  directory: string,
  { openTimeoutMs, signal, onRetry }: LockWait,
): Promise<Disposable> {
  const file = join(directory, FILE);
  return acquireFileLock(file, {
    waitMs: openTimeoutMs,
    signal,
    onWait: (message, waitMs) => onRetry?.({ message, attempt: 1, waitMs }),
    held: (who) =>
      new ScenedimError('lock_held', `the database is in use: ${directory} is held by ${who}`, {
        remedy:
          'run again later, or end that process: the lock ends with it; a command that writes can wait with --lock-timeout 10m',
      }),
    damaged: (cause) =>
      new ScenedimError('file_unusable', `target.path: ${file} is damaged`, {
        remedy: 'delete it while no scenedim uses the directory',
        cause,
      }),
  });
}

/** Who holds the lock of a directory, or held it last; undefined when the file does not say. */
export function readLockHolder(directory: string): { readonly pid: number; readonly text: string } | undefined {
  return readFileLockHolder(join(directory, FILE));
}
