import { ScenedimError } from '../../../errors.ts';
import type { Micros } from '../../../instant.ts';
import type { Row } from './run-query.ts';

/** Takes the cells of a row one after the other, in the order of the SELECT; an unexpected NULL is `target_invalid`. */
export class RowCells {
  readonly #row: Row;
  readonly #table: string;
  #next = 0;

  constructor(row: Row, table: string) {
    this.#row = row;
    this.#table = table;
  }

  textOrNull(): string | null {
    const cell = this.#row[this.#next];
    this.#next += 1;
    return cell ?? null;
  }

  text(): string {
    const cell = this.textOrNull();
    if (cell !== null) return cell;
    throw new ScenedimError(
      'target_invalid',
      `${this.#table} holds a NULL in column ${this.#next} of what was selected`,
      { remedy: 'it was changed by hand: restore the rows as they were before (FOR SYSTEM_TIME AS OF)' },
    );
  }

  integerOrNull(): bigint | null {
    const cell = this.textOrNull();
    return cell === null ? null : BigInt(cell);
  }

  integer(): bigint {
    return BigInt(this.text());
  }

  /** Microseconds, as UNIX_MICROS gives them. */
  instantOrNull(): Micros | null {
    return this.integerOrNull();
  }

  instant(): Micros {
    return this.integer();
  }

  flag(): boolean {
    return this.text() === 'true';
  }

  bytes(): Uint8Array {
    return Buffer.from(this.text(), 'base64');
  }
}
