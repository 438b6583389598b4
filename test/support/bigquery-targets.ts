import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { newestSchemaVersion } from '../../src/load/bigquery/schema/migrations.ts';
import { quoteLiteral } from '../../src/load/bigquery/sql/quote-literal.ts';
import { tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import type { Loader, MigrateOptions } from '../../src/load/loader.ts';
import { NORMALIZER_VERSION } from '../../src/normalize/snapshot.ts';
import { type BigquerySuite, connectBigquery } from './bigquery.ts';

/** A target that is migrated and holds no row, as long as a test uses it. */
export interface LentTarget {
  readonly config: BigQueryConfig;
  /** A client of it; as many as a test wants. */
  connect(): Loader;
  /** Gives it back, for another test. */
  giveBack(): void;
}

/** Datasets for tests that need many empty targets: an emulator makes one in five seconds, and empties one in a third of one. */
export interface BigqueryTargets extends AsyncDisposable {
  /** Lends a target with these settings, over those that an empty config has. */
  lend(settings?: Partial<MigrateOptions>): Promise<LentTarget>;
  /** The only client of a target that is lent; disposing it gives the target back. */
  empty(settings?: Partial<MigrateOptions>): Promise<Loader>;
}

const { signal } = new AbortController();

/** Makes as many datasets as are asked for at the same time. */
export function createBigqueryTargets({ place, timings, freshName, dropDataset }: BigquerySuite): BigqueryTargets {
  const all: string[] = [];
  const free: BigQueryConfig[] = [];
  const take = async (options: MigrateOptions): Promise<BigQueryConfig> => {
    const known = free.pop();
    if (known !== undefined) {
      await emptyTarget(known, options);
      return known;
    }
    const config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset: freshName() });
    all.push(config.dataset);
    await createBigQueryLoader(config, { timings }).migrate(options, signal);
    return config;
  };
  const lend = async (settings: Partial<MigrateOptions> = {}): Promise<LentTarget> => {
    const config = await take({ ...defaultSettings, ...settings });
    return {
      config,
      connect: () => createBigQueryLoader(config, { timings }),
      giveBack: () => void free.push(config),
    };
  };
  return {
    lend,
    empty: async (settings) => {
      const { connect, giveBack } = await lend(settings);
      return { ...connect(), [Symbol.asyncDispose]: async () => giveBack() };
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(all.map(dropDataset))),
  };
}

const defaultSettings: MigrateOptions = {
  normalizerVersion: NORMALIZER_VERSION,
  firstSeen: 'beginning',
  timeZone: 'Asia/Shanghai',
  catalog: bundledCatalog(),
};

/** Runs statements that a test arranges or looks with; returns the rows of the last SELECT. */
export async function runScript(config: BigQueryConfig, query: string): Promise<readonly Record<string, unknown>[]> {
  const { projectId, location = 'US', apiEndpoint } = config;
  const client = connectBigquery({ projectId, location, ...(apiEndpoint === undefined ? {} : { apiEndpoint }) });
  const [job] = await client.createQueryJob({ query, location });
  const [rows] = await job.getQueryResults();
  return rows as readonly Record<string, unknown>[];
}

const rowTables = [
  'scene_payload',
  'scene_observation',
  'scene_account',
  'dim_scene',
  'scene_run',
  'scene_reject',
  'scene_roster',
];

/** Makes a target what a migration with these settings leaves, whatever was done with it and wherever that ended. */
async function emptyTarget(config: BigQueryConfig, options: MigrateOptions): Promise<void> {
  const lease = tablePath(config, 'scene_lease');
  const left = await runScript(
    config,
    [
      ...rowTables.map((table) => `TRUNCATE TABLE ${tablePath(config, table)}`),
      `DELETE FROM ${lease} WHERE lease_id NOT IN ('commit', 'migrate')`,
      `UPDATE ${lease} SET expires_at = TIMESTAMP_MICROS(0) WHERE TRUE`,
      `UPDATE ${tablePath(config, 'scene_meta')} SET ${assignments(options)} WHERE only_row`,
      `SELECT table_name FROM ${tablePath(config, 'INFORMATION_SCHEMA.TABLES')} WHERE STARTS_WITH(table_name, 'scene_stage_')`,
    ].join(';\n'),
  );
  const drops = left.map(({ table_name: name }) => `DROP TABLE ${tablePath(config, String(name))}`);
  if (drops.length > 0) await runScript(config, drops.join(';\n'));
}

function assignments({ normalizerVersion, firstSeen, timeZone, catalog }: MigrateOptions): string {
  return [
    `schema_version = ${newestSchemaVersion()}`,
    `normalizer_version = ${normalizerVersion}`,
    `first_seen = ${quoteLiteral(firstSeen)}`,
    `time_zone = ${quoteLiteral(timeZone)}`,
    `catalog_hash = ${quoteLiteral(catalog.hash)}`,
    'rebuilding = FALSE',
  ].join(', ');
}
