import { DatabaseSync } from 'node:sqlite';
import { errorCodeOf, messageOf } from '../error-text.ts';
import { ScenedimError } from '../errors.ts';

export interface TemporaryDatabaseOptions {
  /** How much of it is in memory at the most, in KiB. Default 4,096. */
  readonly cacheKiB?: number;
  /** True when transactions are rolled back. Default false. */
  readonly rollsBack?: boolean;
}

/**
 * Opens a database without a name and makes its tables. SQLite spills what the cache does not hold into a file that it has
 * unlinked, so memory stays flat and nothing is left when the process ends.
 */
export function openTemporaryDatabase(
  tables: string,
  { cacheKiB = 4_096, rollsBack = false }: TemporaryDatabaseOptions = {},
): DatabaseSync {
  const database = onTemporaryFile(() => new DatabaseSync(''));
  const journal = rollsBack ? 'MEMORY' : 'OFF';
  database.exec(
    `PRAGMA journal_mode = ${journal}; PRAGMA synchronous = OFF; PRAGMA cache_size = -${cacheKiB}; ${tables}`,
  );
  return database;
}

/** Does work on a temporary database. A full or missing folder for temporary files is `file_unusable`. */
export function onTemporaryFile<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errorCodeOf(error) !== 'ERR_SQLITE_ERROR') throw error;
    throw new ScenedimError('file_unusable', `the temporary file cannot be used: ${messageOf(error)}`, {
      remedy: 'free space in the folder for temporary files, or name another folder in SQLITE_TMPDIR',
      cause: error,
    });
  }
}
