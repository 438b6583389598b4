import { quoteIdentifier } from '../quote-sql.ts';
import { readableObjects, secretTables } from './readable-objects.ts';

/**
 * Statements that let the `roles` of `target.readers` query the dimension: its table, the bundled
 * tables, the views and the functions, and nothing of payloads, observations, rejects, runs and
 * settings. What default privileges gave them of secrets is taken back. The roles must exist; none
 * is created, and nothing is revoked from a role that is no longer listed. No role, no statement.
 * Names are raw.
 */
export function grantStatements(schema: string, roles: readonly string[]): string[] {
  if (roles.length === 0) return [];
  const readers = [...new Set(roles)].map(quoteIdentifier).join(', ');
  const { relations, functions } = readableObjects(schema);
  return [
    `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${readers}`,
    `GRANT SELECT ON ${relations.join(', ')} TO ${readers}`,
    `GRANT EXECUTE ON FUNCTION ${functions.join(', ')} TO ${readers}`,
    `REVOKE ALL ON ${secretTables(schema).join(', ')} FROM ${readers}`,
  ];
}
