import { onTemporaryFile, openTemporaryDatabase } from '../../process/temporary-database.ts';

/** A set of texts in a temporary file. A full or missing folder for temporary files is `file_unusable`. */
export class DiskSet implements Disposable {
  readonly #database = openTemporaryDatabase('CREATE TABLE member (text TEXT PRIMARY KEY) WITHOUT ROWID');
  readonly #add = this.#database.prepare('INSERT OR IGNORE INTO member VALUES (?)');
  readonly #has = this.#database.prepare('SELECT 1 FROM member WHERE text = ?');
  #last: string | undefined;

  add(text: string): void {
    // The answers of an account are mostly equal.
    if (text === this.#last) return;
    this.#last = text;
    onTemporaryFile(() => this.#add.run(text));
  }

  has(text: string): boolean {
    return onTemporaryFile(() => this.#has.get(text)) !== undefined;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
