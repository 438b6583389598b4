import type { ArgumentType, FunctionEntry } from '../../catalog/column-catalogue.ts';
import { quoteIdentifier } from './quote-sql.ts';

const postgresTypes: Readonly<Record<ArgumentType, string>> = { timestamp: 'timestamptz', integer: 'bigint' };

/** A function of the catalogue as Postgres tells it from its namesakes: `"scene"."scene_as_of"(timestamptz)`. */
export function functionSignature(schema: string, name: string, entry: FunctionEntry): string {
  const types = Object.values(entry.arguments).map((argument) => postgresTypes[argument.type]);
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}(${types.join(', ')})`;
}
