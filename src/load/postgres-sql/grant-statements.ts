import { columnCatalogue } from '../../catalog/column-catalogue.ts';
import { functionSignature } from './function-signature.ts';
import { quoteIdentifier } from './quote-sql.ts';

/**
 * Statements that let the `roles` of `target.readers` query the dimension: its table, the bundled tables, the views and the
 * functions, and nothing of payloads, observations, rejects, runs and settings. The roles must exist; none is created, and
 * nothing is revoked from a role that is no longer listed. No role, no statement. Names are raw.
 */
export function grantStatements(schema: string, roles: readonly string[]): string[] {
  if (roles.length === 0) return [];
  const schemaName = quoteIdentifier(schema);
  const readers = [...new Set(roles)].map(quoteIdentifier).join(', ');
  const relations = Object.entries(columnCatalogue.relations)
    .filter(([, entry]) => entry.readable)
    .map(([name]) => `${schemaName}.${quoteIdentifier(name)}`);
  const functions = Object.entries(columnCatalogue.functions).map(([name, entry]) =>
    functionSignature(schema, name, entry),
  );
  return [
    `GRANT USAGE ON SCHEMA ${schemaName} TO ${readers}`,
    `GRANT SELECT ON ${relations.join(', ')} TO ${readers}`,
    `GRANT EXECUTE ON FUNCTION ${functions.join(', ')} TO ${readers}`,
  ];
}
