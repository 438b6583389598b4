import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { tablePath } from '../../src/load/bigquery/table-path.ts';
import type { Loader, MigrateOptions } from '../../src/load/loader.ts';
import { NORMALIZER_VERSION } from '../../src/normalize/snapshot.ts';
import { type BigquerySuite, connectBigquery } from './bigquery.ts';

/** Datasets for tests that need many empty targets: making one takes an emulator seconds, emptying one takes it one. */
export interface BigqueryTargets extends AsyncDisposable {
  /** A loader of a target that is migrated and holds these settings and no row. Disposing it gives the dataset back. */
  empty(settings?: Partial<MigrateOptions>): Promise<Loader>;
}

/** Makes as many datasets as are asked for at the same time. */
export function createBigqueryTargets({ place, freshName, dropDataset }: BigquerySuite): BigqueryTargets {
  const { signal } = new AbortController();
  const all: string[] = [];
  const free: BigQueryConfig[] = [];
  return {
    empty: async (settings = {}) => {
      const options: MigrateOptions = {
        normalizerVersion: NORMALIZER_VERSION,
        firstSeen: 'beginning',
        timeZone: 'Asia/Shanghai',
        ...settings,
      };
      const known = free.pop();
      const config = known ?? parseBigQueryConfig({ type: 'bigquery', ...place(), dataset: freshName() });
      const loader = createBigQueryLoader(config);
      if (known === undefined) {
        all.push(config.dataset);
        await loader.migrate(options, signal);
      } else {
        await runScript(config, emptyingScript(config));
        await loader.writeMeta({ ...options, schemaVersion: loader.schemaVersion, rebuilding: false }, signal);
      }
      return { ...loader, [Symbol.asyncDispose]: async () => void free.push(config) };
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(all.map(dropDataset))),
  };
}

/** Runs statements that a test arranges or looks with; returns the rows of the last SELECT. */
export async function runScript(config: BigQueryConfig, query: string): Promise<readonly Record<string, unknown>[]> {
  const { projectId, location = 'US', apiEndpoint } = config;
  const client = connectBigquery({ projectId, location, ...(apiEndpoint === undefined ? {} : { apiEndpoint }) });
  const [job] = await client.createQueryJob({ query, location });
  const [rows] = await job.getQueryResults();
  return rows as readonly Record<string, unknown>[];
}

function emptyingScript(config: BigQueryConfig): string {
  const tables = ['scene_payload', 'scene_observation', 'scene_account', 'dim_scene', 'scene_run', 'scene_reject'];
  return [
    ...tables.map((table) => `DELETE FROM ${tablePath(config, table)} WHERE TRUE`),
    `UPDATE ${tablePath(config, 'scene_lease')} SET expires_at = TIMESTAMP_MICROS(0) WHERE TRUE`,
  ].join(';\n');
}
