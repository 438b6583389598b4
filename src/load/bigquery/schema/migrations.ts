import { readFileSync } from 'node:fs';
import type { MigrateOptions } from '../../loader.ts';
import { listMigrationFiles, type MigrationFile } from '../../migration-files.ts';
import { newerSchemaMessage } from '../../schema-version.ts';
import { createLeaseTableStatement } from '../leases/lease-table.ts';
import { quoteLiteral } from '../sql/quote-literal.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { accessSourceFunction, catalogStatements } from './catalog-statements.ts';
import { describeStatement } from './describe-statement.ts';
import { keepForeverStatements } from './keep-forever.ts';

/** The schema version that this program makes. */
export function newestSchemaVersion(): number {
  return listMigrationFiles('bigquery').at(-1)?.number ?? 0;
}

/** Makes the dataset unless it is there; without `location`, where the job runs. BigQuery asks for the right to create datasets even when it is there. */
export function createDatasetStatement(place: DatasetName, location: string | undefined): string {
  const options = location === undefined ? '' : ` OPTIONS (location=${quoteLiteral(location)})`;
  return `CREATE SCHEMA IF NOT EXISTS \`${pathOf(place)}\`${options}`;
}

/**
 * The statements that migrate the dataset, in order. Each may run again, and many programs at once may run them. The last one is a
 * script of one transaction, which BigQuery cancels when it conflicts with another one. `keepForever` takes off the expirations that
 * the dataset gives its tables by default.
 */
export function migrationStatements(
  place: DatasetName,
  options: MigrateOptions,
  { keepForever = false }: { readonly keepForever?: boolean } = {},
): string[] {
  const [tables, ...others] = listMigrationFiles('bigquery');
  if (tables === undefined) throw new Error('no migrations in sql/bigquery');
  const first = [createLeaseTableStatement(place), ...fileStatements(tables, place, options)];
  const further = others.flatMap((migration) => fileStatements(migration, place, options));
  return [
    ...first,
    assertNotNewerStatement(place),
    ...further,
    ...(keepForever ? keepForeverStatements(place, [...first, ...further]) : []),
    accessSourceFunction(pathOf(place), options.catalog),
    contentScript(place, options),
  ];
}

/**
 * The whole migration as one script for a DBA, which may be run again and again. Without `location`, the dataset is made where the job
 * runs: BigQuery refuses a different one. A script cannot know the defaults of the dataset, so it takes off expirations in any case.
 */
export function migrationScript(place: DatasetName, location: string | undefined, options: MigrateOptions): string {
  const migration = migrationStatements(place, options, { keepForever: true });
  const statements = [createDatasetStatement(place, location), ...migration];
  return [
    `-- scenedim: schema version ${newestSchemaVersion()}. May be run again and again,`,
    `-- with bq --location=${location ?? 'LOCATION'} query --use_legacy_sql=false < FILE`,
    ...statements.map((statement) => `${statement.replace(/;$/, '')};\n`),
  ].join('\n');
}

/** Version, time zone, and catalog with its rows. Two scripts at once conflict, because both write the one row of `scene_meta`. */
function contentScript(place: DatasetName, options: MigrateOptions): string {
  const statements = [
    'BEGIN TRANSACTION',
    assertNotNewerStatement(place),
    `UPDATE ${tablePath(place, 'scene_meta')} SET schema_version = ${newestSchemaVersion()}, time_zone = ${quoteLiteral(options.timeZone)}, catalog_hash = ${quoteLiteral(options.catalog.hash)} WHERE only_row`,
    ...catalogStatements(pathOf(place), options.catalog),
    'COMMIT TRANSACTION',
  ];
  return statements.map((statement) => `${statement};`).join('\n');
}

function assertNotNewerStatement(place: DatasetName): string {
  const newer = `SELECT 1 FROM ${tablePath(place, 'scene_meta')} WHERE schema_version > ${newestSchemaVersion()}`;
  return `ASSERT NOT EXISTS (${newer}) AS ${quoteLiteral(newerSchemaMessage)}`;
}

/** The statements of one file, with their descriptions. */
function fileStatements(migration: MigrationFile, place: DatasetName, options: MigrateOptions): string[] {
  const values: Readonly<Record<string, string>> = {
    ':DATASET': pathOf(place),
    ':NORMALIZER_VERSION': String(options.normalizerVersion),
    ':FIRST_SEEN': quoteLiteral(options.firstSeen),
    ':TIME_ZONE': quoteLiteral(options.timeZone),
  };
  return readFileSync(migration.file, 'utf8')
    .replace(/^--.*\n/gm, '')
    .split(/;\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map((statement) =>
      describeStatement(statement).replace(
        /:(?:DATASET|NORMALIZER_VERSION|FIRST_SEEN|TIME_ZONE)\b/g,
        (name) => values[name] ?? name,
      ),
    );
}

function pathOf({ projectId, dataset }: DatasetName): string {
  return `${projectId}.${dataset}`;
}
