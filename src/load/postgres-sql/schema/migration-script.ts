import { readFileSync } from 'node:fs';
import type { MigrateOptions } from '../../loader.ts';
import { listMigrationFiles, type MigrationFile } from '../../migration-files.ts';
import { newerSchemaMessage } from '../../schema-version.ts';
import { advisoryClass, advisoryObjects } from '../advisory-keys.ts';
import { quoteBlock, quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import { bundledStatements } from './bundled-statements.ts';
import { commentStatements } from './comment-statements.ts';
import { grantStatements } from './grant-statements.ts';

/**
 * The migrations of this program in order. A release that changes comments or bundled tables adds one too, though it
 * may be empty: only then are they written again.
 */
export function listMigrations(): readonly MigrationFile[] {
  return listMigrationFiles('postgres');
}

/** The schema version that this program makes. */
export function newestSchemaVersion(): number {
  return listMigrations().at(-1)?.number ?? 0;
}

/** A migration as SQL text for one schema. */
export function migrationText(migration: MigrationFile, schema: string): string {
  return readFileSync(migration.file, 'utf8').replaceAll(':SCHEMA', () => quoteIdentifier(schema));
}

/** Comments, bundled tables: what every upgrade writes again. */
export function catalogueScript(schema: string): string {
  return joinStatements([...bundledStatements(schema), ...commentStatements(schema)]);
}

/** What the readers need; empty without readers. */
export function readersScript(schema: string, readers: readonly string[]): string {
  return joinStatements(grantStatements(schema, readers));
}

/** Makes one installer wait for the other until the end of its transaction. */
export function installerLockStatement(schema: string): string {
  return `SELECT pg_advisory_xact_lock(${advisoryClass('scenedim', schema)}, ${advisoryObjects.migrate});\n`;
}

/** Creates the schema unless it is there: `IF NOT EXISTS` alone asks for the right to create one even then. */
export function createSchemaStatement(schema: string): string {
  const block = ` BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${quoteLiteral(schema)}) THEN
    CREATE SCHEMA ${quoteIdentifier(schema)};
  END IF;
END `;
  return `DO ${quoteBlock(block)};\n`;
}

/** Refuses a newer schema, then notes version and time zone; the other settings only in a new target. */
export function metaStatements(schema: string, options: MigrateOptions): string {
  const table = `${quoteIdentifier(schema)}.scene_meta`;
  const version = newestSchemaVersion();
  const block = ` BEGIN
  IF EXISTS (SELECT FROM ${table} WHERE schema_version > ${version}) THEN
    RAISE EXCEPTION ${quoteLiteral(newerSchemaMessage)} USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END `;
  return `DO ${quoteBlock(block)};
INSERT INTO ${table} (schema_version, normalizer_version, first_seen, time_zone)
VALUES (${version}, ${options.normalizerVersion}, ${quoteLiteral(options.firstSeen)}, ${quoteLiteral(options.timeZone)})
ON CONFLICT (only_row) DO UPDATE SET schema_version = excluded.schema_version, time_zone = excluded.time_zone;\n`;
}

/** Everything as one script that may be run again and again, for a DBA. */
export function migrationScript(schema: string, readers: readonly string[], options: MigrateOptions): string {
  return [
    `-- scenedim: schema version ${newestSchemaVersion()}. May be run again and again, with psql -v ON_ERROR_STOP=1 -f FILE.\n`,
    'BEGIN;\n',
    installerLockStatement(schema),
    createSchemaStatement(schema),
    ...listMigrations().map((migration) => `\n-- ${migration.name}\n${migrationText(migration, schema)}`),
    `\n${catalogueScript(schema)}`,
    readersScript(schema, readers),
    metaStatements(schema, options),
    'COMMIT;\n',
  ].join('');
}

function joinStatements(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join('');
}
