import type { FunctionEntry, RelationEntry } from '../../../catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import { quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import { functionSignature } from './readable-objects.ts';

/**
 * Statements that put the catalogue into Postgres as comments: one for each table, view, column and function.
 * `schema` is the raw name. To run after the tables, the views and the bundled tables are there.
 */
export function commentStatements(schema: string): string[] {
  return [
    ...Object.entries(columnCatalogue.relations).flatMap(([name, entry]) => relationComments(schema, name, entry)),
    ...Object.entries(columnCatalogue.functions).map(([name, entry]) => functionComment(schema, name, entry)),
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

function functionComment(schema: string, name: string, entry: FunctionEntry): string {
  return `COMMENT ON FUNCTION ${functionSignature(schema, name, entry)} IS ${quoteLiteral(entry.description)}`;
}
