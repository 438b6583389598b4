import { type RawBuilder, sql } from 'kysely';

/** Columns of a set of rows: name, Postgres type, and the values, one a row. */
export type UnnestColumns = Readonly<
  Record<string, readonly [type: string, values: readonly (string | number | boolean | null)[]]>
>;

type Column = UnnestColumns[string];

/** `unnest(…) AS u(…)`: rows as one array parameter a column, so that a statement is the same text whatever the number of rows. */
export function unnest(columns: UnnestColumns): RawBuilder<unknown> {
  const arrays = Object.values(columns).map((column) => sql`${arrayOf(column)}::${sql.raw(column[0])}[]`);
  return sql`unnest(${sql.join(arrays)}) AS u(${sql.join(Object.keys(columns).map((name) => sql.ref(name)))})`;
}

/** The driver looks for quotes and backslashes in every element; only texts have some. */
function arrayOf([type, values]: Column): Column[1] | string {
  return type === 'text' ? values : `{${values.map((value) => value ?? 'NULL').join()}}`;
}

/** Sets columns of a table to those of the same name in {@link unnest}. */
export function assignments(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map((name) => sql`${sql.ref(name)} = u.${sql.ref(name)}`));
}
