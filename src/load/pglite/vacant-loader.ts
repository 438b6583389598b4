import type { Loader } from '../loader.ts';
import { createMemoryLoader } from '../memory/memory-loader.ts';
import { migrationScript, newestSchemaVersion } from '../postgres-sql/schema/migration-script.ts';
import { schemaFinding } from '../schema-version.ts';

/** An empty target that stands for a database that is not there: to make one in memory takes PGlite seconds. */
export function createVacantLoader(schema: string, description: string): Loader {
  const schemaVersion = newestSchemaVersion();
  // A token that is kept in memory would be lost.
  const { refreshTokens: _, ...loader } = createMemoryLoader();
  return {
    ...loader,
    kind: 'pglite',
    description,
    schemaVersion,
    migrationSql: (options) => migrationScript(schema, [], options),
    check: async () => [
      { level: 'ok', subject: 'connection', message: description },
      schemaFinding(null, schemaVersion),
      { level: 'ok', subject: 'rights', message: 'the database can be made' },
    ],
  };
}
