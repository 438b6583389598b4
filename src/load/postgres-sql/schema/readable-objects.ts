import type { FunctionEntry } from '../../../catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import { quoteIdentifier } from '../quote-sql.ts';

/** The tables, views and functions of a schema that `target.readers` may use, as SQL names them. */
export function readableObjects(schema: string): { readonly relations: string[]; readonly functions: string[] } {
  return {
    relations: Object.entries(columnCatalogue.relations)
      .filter(([, { readable }]) => readable)
      .map(([name]) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`),
    functions: Object.entries(columnCatalogue.functions).flatMap(([name, entry]) =>
      functionSignatures(schema, name, entry),
    ),
  };
}

/** The tables of a schema that no reader may see, as SQL names them. */
export function secretTables(schema: string): readonly string[] {
  return Object.keys(columnCatalogue.secrets).map((name) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
}

/** All views and functions of a schema, as SQL names them. */
export function viewsAndFunctions(schema: string): { readonly views: string[]; readonly functions: string[] } {
  return {
    views: Object.entries(columnCatalogue.relations)
      .filter(([, { kind }]) => kind === 'view')
      .map(([name]) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`),
    functions: readableObjects(schema).functions,
  };
}

/**
 * A function of the catalogue as Postgres tells it from its namesakes, `"scene"."scene_as_of"(timestamptz)`: one for each type
 * of its argument.
 */
export function functionSignatures(schema: string, name: string, entry: FunctionEntry): readonly string[] {
  const types = Object.values(entry.arguments).map(({ type }) => type);
  const qualified = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  if (types[0] === 'code') return ['bigint', 'text'].map((type) => `${qualified}(${type})`);
  return [`${qualified}(${types.map(() => 'timestamptz').join(', ')})`];
}
