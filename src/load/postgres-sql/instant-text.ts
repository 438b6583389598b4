import { type RawBuilder, sql } from 'kysely';
import { formatInstant, type Micros } from '../../instant.ts';

const CACHED = 4_096;
const texts = new Map<Micros, string>();

/** The text that Postgres reads an instant from. Cached: the rows of a batch share few instants. */
export function instantText(instant: Micros): string {
  const known = texts.get(instant);
  if (known !== undefined) return known;
  if (texts.size >= CACHED) texts.clear();
  const text = formatInstant(instant);
  texts.set(instant, text);
  return text;
}

/** Like {@link instantText}; null stays null. */
export function instantTextOrNull(instant: Micros | null): string | null {
  return instant === null ? null : instantText(instant);
}

/** Selects a timestamptz as microseconds in text. `extract` is numeric, so nothing is lost. */
export function microsOf(column: string): RawBuilder<string> {
  return sql<string>`(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint::text`;
}

/** Like {@link microsOf} for a column that may be null. */
export function microsOrNullOf(column: string): RawBuilder<string | null> {
  return microsOf(column);
}

/** Microseconds as they come from {@link microsOrNullOf}. */
export function microsOrNull(text: string | null): Micros | null {
  return text === null ? null : BigInt(text);
}
