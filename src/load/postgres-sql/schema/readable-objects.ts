import type { ArgumentType, FunctionEntry } from '../../../catalog/catalogue-entry.ts';
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
  const [argument, ...more] = Object.values(entry.arguments);
  if (argument === undefined || more.length > 0) throw new TypeError(`${name} is not a function of one argument`);
  const qualified = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  return postgresTypes[argument.type].map((type) => `${qualified}(${type})`);
}

const postgresTypes: Readonly<Record<ArgumentType, readonly string[]>> = {
  timestamp: ['timestamptz'],
  code: ['bigint', 'text'],
};
