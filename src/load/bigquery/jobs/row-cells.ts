import { ScenedimError } from '../../../errors.ts';
import type { Micros } from '../../../instant.ts';
import type { Row } from './run-query.ts';

/** Takes the cells of a row one after the other, in the order of the SELECT; an unexpected NULL is `target_invalid`. */
export interface CellReader {
  text(): string;
  textOrNull(): string | null;
  integer(): bigint;
  integerOrNull(): bigint | null;
  /** Microseconds, as UNIX_MICROS gives them. */
  instant(): Micros;
  instantOrNull(): Micros | null;
  flag(): boolean;
  bytes(): Uint8Array;
}

/** Reads a row of `table` from its first cell. */
export function createCellReader(row: Row, table: string): CellReader {
  let next = 0;
  const textOrNull = (): string | null => {
    const cell = row[next];
    next += 1;
    return cell ?? null;
  };
  const text = (): string => {
    const cell = textOrNull();
    if (cell !== null) return cell;
    throw new ScenedimError('target_invalid', `${table} holds a NULL in column ${next} of what was selected`, {
      remedy: 'run scenedim verify',
    });
  };
  const integerOrNull = (): bigint | null => {
    const cell = textOrNull();
    return cell === null ? null : BigInt(cell);
  };
  const integer = (): bigint => BigInt(text());
  return {
    text,
    textOrNull,
    integer,
    integerOrNull,
    instant: integer,
    instantOrNull: integerOrNull,
    flag: () => text() === 'true',
    bytes: () => Buffer.from(text(), 'base64'),
  };
}
