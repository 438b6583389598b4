import { DatabaseSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { errorCodeOf, messageOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';

/**
 * Values set aside in a temporary file that has no name and so ends with the process. Memory stays
 * flat. A full or missing folder for temporary files is `file_unusable`.
 */
export class Spool<Value> implements Disposable {
  readonly #database = guarded(() => new DatabaseSync(''));

  constructor() {
    this.#database.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;
      CREATE TABLE value (number INTEGER PRIMARY KEY, content BLOB)`);
  }

  /** Structured clone keeps bigints exact, which JSON does not. */
  add(value: Value): void {
    guarded(() => this.#database.prepare('INSERT INTO value (content) VALUES (?)').run(serialize(value)));
  }

  /** The values in the order in which they were added. */
  *values(): Generator<Value> {
    const select = this.#database.prepare('SELECT number, content FROM value WHERE number > ? ORDER BY number LIMIT 1');
    for (let last = 0; ; ) {
      const row = guarded(() => select.get(last));
      if (row === undefined) return;
      last = Number(row['number']);
      yield deserialize(row['content'] as Uint8Array);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Does work on a temporary file; when that fails, the error tells what to do. */
export function guarded<T>(work: () => T): T {
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
