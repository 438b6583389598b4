import { DatabaseSync } from 'node:sqlite';
import { guarded } from './spool.ts';

/** A set of texts in a temporary file that has no name and so ends with the process. Memory stays flat. */
export class DiskSet implements Disposable {
  readonly #database = guarded(() => new DatabaseSync(''));
  readonly #add;
  readonly #has;
  #last: string | undefined;

  constructor() {
    this.#database.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;
      CREATE TABLE member (text TEXT PRIMARY KEY) WITHOUT ROWID`);
    this.#add = this.#database.prepare('INSERT OR IGNORE INTO member VALUES (?)');
    this.#has = this.#database.prepare('SELECT 1 FROM member WHERE text = ?');
  }

  add(text: string): void {
    // The answers of an account are mostly equal.
    if (text === this.#last) return;
    this.#last = text;
    guarded(() => this.#add.run(text));
  }

  has(text: string): boolean {
    return guarded(() => this.#has.get(text)) !== undefined;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
