import { ScenedimError } from '../../errors.ts';
import { BEGINNING, type Micros, OPEN_END, parseInstant } from '../../instant.ts';

/** The fields of a line; others are ignored. */
export const fieldNames: readonly string[] = [
  'app_id',
  'observed_at',
  'body',
  'body_base64',
  'status',
  'hold_reason',
  'decided_at',
  'decision_note',
  'error_code',
  'error_message',
];

export type LineFields = Readonly<Record<string, unknown>>;

/** Why a line cannot be used; the reader of the file adds which line. */
export function badLine(reason: string): ScenedimError {
  return new ScenedimError('bad_line', reason);
}

/**
 * A field that holds text: null when it is missing or null. Text that a database cannot store is a
 * bad line.
 */
export function textField(fields: LineFields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw badLine(`${name} must be a string`);
  if (!value.isWellFormed()) throw badLine(`${name} holds half of a surrogate pair`);
  if (value.includes('\0')) throw badLine(`${name} holds U+0000`);
  return value;
}

/** A field that holds an RFC 3339 time from 1970 to 9999-12-31: null when it is missing or null. */
export function instantField(fields: LineFields, name: string): Micros | null {
  const text = textField(fields, name);
  if (text === null) return null;
  const instant = parseInstant(text);
  if (instant === undefined) throw badLine(`${name} is not an RFC 3339 time with an offset, like 2026-03-01T00:00:00Z`);
  if (instant < BEGINNING || instant >= OPEN_END) throw badLine(`${name} must lie between 1970 and 9999-12-31`);
  return instant;
}
