import type { ArgumentType, FunctionEntry } from '../../../catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import { quoteIdentifier } from '../quote-sql.ts';

const postgresTypes: Readonly<Record<ArgumentType, string>> = { timestamp: 'timestamptz', integer: 'bigint' };

/** The tables, views and functions of a schema that `target.readers` may use, as SQL names them. */
export function readableObjects(schema: string): { readonly relations: string[]; readonly functions: string[] } {
  return {
    relations: Object.entries(columnCatalogue.relations)
      .filter(([, { readable }]) => readable)
      .map(([name]) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`),
    functions: Object.entries(columnCatalogue.functions).map(([name, entry]) => functionSignature(schema, name, entry)),
  };
}

/** A function of the catalogue as Postgres tells it from its namesakes: `"scene"."scene_as_of"(timestamptz)`. */
export function functionSignature(schema: string, name: string, entry: FunctionEntry): string {
  const types = Object.values(entry.arguments).map((argument) => postgresTypes[argument.type]);
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}(${types.join(', ')})`;
}
