import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { MIGRATE_LEASE } from '../../src/load/bigquery/lease-table.ts';
import { tablePath } from '../../src/load/bigquery/table-path.ts';
import type { Loader } from '../../src/load/loader.ts';
import { type BigquerySuite, connectBigquery } from './bigquery.ts';

/** Datasets for tests that need many empty targets: making one takes an emulator seconds, emptying one takes it one. */
export interface BigqueryTargets extends AsyncDisposable {
  /** A loader of a target that was migrated once, and holds no row and no settings now. Disposing it gives the dataset back. */
  empty(): Promise<Loader>;
}

/** Makes datasets as they are asked for at the same time. */
export function createBigqueryTargets({ place, freshName, dropDataset }: BigquerySuite): BigqueryTargets {
  const all: string[] = [];
  const free: BigQueryConfig[] = [];
  const take = async (): Promise<BigQueryConfig> => {
    const known = free.pop();
    if (known !== undefined) {
      await runScript(known, emptyingScript(known));
      return known;
    }
    const dataset = freshName();
    all.push(dataset);
    return parseBigQueryConfig({ type: 'bigquery', ...place(), dataset });
  };
  return {
    empty: async () => {
      const config = await take();
      const loader = createBigQueryLoader(config);
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

/** As after a first migration that came to its end a moment ago: settings are free, so version 0 lets them be set again. */
function emptyingScript(config: BigQueryConfig): string {
  const tables = ['scene_payload', 'scene_observation', 'scene_account', 'dim_scene', 'scene_run', 'scene_reject'];
  return [
    ...tables.map((table) => `DELETE FROM ${tablePath(config, table)} WHERE TRUE`),
    `DELETE FROM ${tablePath(config, 'scene_lease')} WHERE lease_id NOT IN ('commit', '${MIGRATE_LEASE}')`,
  ].join(';\n');
}
