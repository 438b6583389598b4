import { readFileSync } from 'node:fs';
import { listMigrationFiles } from '../../migration-files.ts';

/** The tables as the migrations make them: read from their SQL, so that there is one list of columns and types. */
export function tableShapes(): readonly TableShape[] {
  shapes ??= listMigrationFiles('postgres').flatMap(({ file }) => readShapes(readFileSync(file, 'utf8')));
  return shapes;
}

/** What a table must have for the program to work with it. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  /** Columns of its primary key and of each unique key. */
  readonly keys: readonly (readonly string[])[];
}

export interface ColumnShape {
  readonly name: string;
  /** As Postgres names it, with its collation unless that is the default one: `text COLLATE "C"`. */
  readonly type: string;
}

/**
 * The type of a row `a` of `pg_attribute` with its collation `l`, spelt as {@link ColumnShape.type}. The setting
 * `quote_all_identifiers` puts a type in quotes.
 */
export const columnTypeSql = `pg_catalog.translate(pg_catalog.format_type(a.atttypid, a.atttypmod), '"', '')
      || CASE WHEN l.collname <> 'default' THEN pg_catalog.format(' COLLATE %I', l.collname) ELSE '' END`;

let shapes: readonly TableShape[] | undefined;

const tablePattern = /^CREATE TABLE IF NOT EXISTS :SCHEMA\.(\w+) \(\n([\s\S]*?)^\);/gm;
const columnPattern = /^ {2}([a-z_0-9]+) +([a-z]+(?: COLLATE "C")?)(.*)$/gm;
const keyPattern = /^ {2}(?:PRIMARY KEY|UNIQUE) \(([^)]+)\)/gm;

/** Long names of types that the SQL writes shorter. */
const longNames: Readonly<Record<string, string>> = { timestamptz: 'timestamp with time zone' };

/** The tables that one file makes. Later files that add columns have to be read here, too. */
function readShapes(sql: string): readonly TableShape[] {
  return [...sql.matchAll(tablePattern)].map(([, name = '', body = '']) => {
    const columns = [...body.matchAll(columnPattern)].map(([, column = '', type = '', rest = '']) => {
      return { name: column, type: longNames[type] ?? type, isKey: rest.includes('PRIMARY KEY') };
    });
    const ownKeys = columns.filter(({ isKey }) => isKey).map((column) => [column.name]);
    const keys = [...body.matchAll(keyPattern)].map(([, list = '']) => list.split(', '));
    return {
      name,
      columns: columns.map(({ name: column, type }) => ({ name: column, type })),
      keys: [...ownKeys, ...keys],
    };
  });
}
