import { readFileSync } from 'node:fs';
import type { SceneCatalog } from '../../../catalog/scene-catalog.ts';
import type { MigrateOptions } from '../../loader.ts';
import { listMigrationFiles, type MigrationFile } from '../../migration-files.ts';
import { advisoryClass, advisoryObjects } from '../advisory-keys.ts';
import { doStatement, quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import { catalogStatements } from './catalog-statements.ts';
import { commentStatements } from './comment-statements.ts';
import { grantStatements } from './grant-statements.ts';
import { keepOptionsStatement, restoreOptionsStatement } from './kept-options.ts';
import { scriptRefusals } from './script-refusals.ts';
import { versionTypeStatement } from './version-type.ts';

/** The schema version that this program makes. */
export function newestSchemaVersion(): number {
  return listMigrationFiles('postgres').at(-1)?.number ?? 0;
}

/** The schema, what the migrations make in it, comments and the rows of the catalog. Options of views and functions stay as they are. */
export function schemaScript(schema: string, migrations: readonly MigrationFile[], catalog: SceneCatalog): string {
  return [
    createSchemaStatement(schema),
    versionTypeStatement(schema),
    keepOptionsStatement(schema),
    ...migrations.map((migration) => `\n-- ${migration.name}\n${migrationText(migration, schema)}`),
    `\n${joinStatements([...catalogStatements(schema, catalog), ...commentStatements(schema)])}`,
    restoreOptionsStatement(),
  ].join('');
}

/** Brings another catalog into a schema that is whole. */
export function catalogScript(schema: string, catalog: SceneCatalog): string {
  const statements = joinStatements(catalogStatements(schema, catalog));
  return [keepOptionsStatement(schema), statements, restoreOptionsStatement()].join('');
}

/** A migration as SQL text for one schema. */
function migrationText(migration: MigrationFile, schema: string): string {
  return readFileSync(migration.file, 'utf8').replaceAll(':SCHEMA', () => quoteIdentifier(schema));
}

/** What the readers need; empty without readers. */
export function readersScript(schema: string, readers: readonly string[]): string {
  return joinStatements(grantStatements(schema, readers));
}

/** Makes one installer wait for the other until the end of its transaction. */
export function installerLockStatement(schema: string): string {
  const keys = `${advisoryClass('scenedim', schema)}, ${advisoryObjects.migrate}`;
  return doStatement(`BEGIN\n  PERFORM pg_catalog.pg_advisory_xact_lock(${keys});\nEND`);
}

/** Creates the schema unless it is there: `IF NOT EXISTS` alone asks for the right to create one even then. */
function createSchemaStatement(schema: string): string {
  return doStatement(`BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${quoteLiteral(schema)}) THEN
    CREATE SCHEMA ${quoteIdentifier(schema)};
  END IF;
END`);
}

/** Notes version, time zone and catalog; the other settings only in a new target. */
export function metaStatements(schema: string, options: MigrateOptions): string {
  const table = `${quoteIdentifier(schema)}.scene_meta`;
  const version = newestSchemaVersion();
  return `INSERT INTO ${table} (schema_version, normalizer_version, first_seen, time_zone, catalog_hash)
VALUES (${version}, ${options.normalizerVersion}, ${quoteLiteral(options.firstSeen)}, ${quoteLiteral(options.timeZone)}, ${quoteLiteral(options.catalog.hash)})
ON CONFLICT (only_row) DO UPDATE SET schema_version = excluded.schema_version, time_zone = excluded.time_zone, catalog_hash = excluded.catalog_hash;\n`;
}

/** Everything as one script that may be run again and again, for a DBA. */
export function migrationScript(schema: string, readers: readonly string[], options: MigrateOptions): string {
  return [
    `-- scenedim: schema version ${newestSchemaVersion()}. May be run again and again, with psql -v ON_ERROR_STOP=1 -f FILE.\n`,
    "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\nBEGIN;\nSET LOCAL search_path = pg_catalog;\n",
    installerLockStatement(schema),
    scriptRefusals(schema, readers, { version: newestSchemaVersion(), timeZone: options.timeZone }),
    schemaScript(schema, listMigrationFiles('postgres'), options.catalog),
    readersScript(schema, readers),
    metaStatements(schema, options),
    'COMMIT;\n',
  ].join('');
}

function joinStatements(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join('');
}
