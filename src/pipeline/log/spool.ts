import { deserialize, serialize } from 'node:v8';
import { onTemporaryFile, openTemporaryDatabase } from '../../process/temporary-database.ts';

/**
 * Values set aside in a temporary file. A full or missing folder for temporary files is
 * `file_unusable`.
 */
export class Spool<Value> implements Disposable {
  readonly #database = openTemporaryDatabase('CREATE TABLE value (number INTEGER PRIMARY KEY, content BLOB)');

  /** Structured clone keeps bigints exact, which JSON does not. */
  add(value: Value): void {
    onTemporaryFile(() => this.#database.prepare('INSERT INTO value (content) VALUES (?)').run(serialize(value)));
  }

  /** The values in the order in which they were added. */
  *values(): Generator<Value> {
    const select = this.#database.prepare('SELECT number, content FROM value WHERE number > ? ORDER BY number LIMIT 1');
    for (let last = 0; ; ) {
      const row = onTemporaryFile(() => select.get(last));
      if (row === undefined) return;
      last = Number(row['number']);
      yield deserialize(row['content'] as Uint8Array);
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
