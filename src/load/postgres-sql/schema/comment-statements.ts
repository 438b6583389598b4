import type { FunctionEntry, RelationEntry } from '../../../catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import { quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import { functionSignatures } from './readable-objects.ts';

/**
 * Statements that put the catalogue into Postgres as comments: one for each table, view, column and function.
 * `schema` is the raw name. To run after the tables, the views and the functions are there.
 */
export function commentStatements(schema: string): string[] {
  return [
    ...Object.entries({ ...columnCatalogue.relations, ...columnCatalogue.secrets }).flatMap(([name, entry]) =>
      relationComments(schema, name, entry),
    ),
    ...Object.entries(columnCatalogue.functions).flatMap(([name, entry]) => functionComments(schema, name, entry)),
  ];
}

function relationComments(schema: string, name: string, entry: RelationEntry): string[] {
  const relation = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const columns = Object.entries(entry.columns).map(
    ([column, description]) =>
      `COMMENT ON COLUMN ${relation}.${quoteIdentifier(column)} IS ${quoteLiteral(description)}`,
  );
  return [`COMMENT ON ${entry.kind.toUpperCase()} ${relation} IS ${quoteLiteral(entry.description)}`, ...columns];
}

function functionComments(schema: string, name: string, entry: FunctionEntry): string[] {
  return functionSignatures(schema, name, entry).map(
    (signature) => `COMMENT ON FUNCTION ${signature} IS ${quoteLiteral(entry.description)}`,
  );
}
