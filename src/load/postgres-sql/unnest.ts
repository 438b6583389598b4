import { type RawBuilder, sql } from 'kysely';

/** Columns of a set of rows: name, Postgres type, and the values, one a row. */
export type UnnestColumns = Readonly<
  Record<string, readonly [type: string, values: readonly (string | number | boolean | null)[]]>
>;

/** `unnest(…) AS u(…)`: rows as one array parameter a column, so that a statement is the same text whatever the number of rows. */
export function unnest(columns: UnnestColumns): RawBuilder<unknown> {
  const arrays = Object.values(columns).map(([type, values]) => sql`${values}::${sql.raw(type)}[]`);
  return sql`unnest(${sql.join(arrays)}) AS u(${sql.join(Object.keys(columns).map((name) => sql.ref(name)))})`;
}

/** Sets columns of a table to those of the same name in {@link unnest}. */
export function assignments(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((name) => sql`${sql.ref(name)} = u.${sql.ref(name)}`));
}
