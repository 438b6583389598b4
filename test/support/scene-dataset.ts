/** A BigQuery dataset that holds everything that `migrate` makes, for tests that query as an analyst does. */
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { migrationStatements } from '../../src/load/bigquery/schema/migrations.ts';
import type { MigrateOptions } from '../../src/load/loader.ts';
import type { BigquerySuite } from './bigquery.ts';
import type { TestVersion } from './view-database.ts';

export interface SceneDataset extends AsyncDisposable {
  /** `project.dataset`, for a path in backticks. */
  readonly path: string;
  readonly dataset: string;
  /** Rows of the last statement; the client's own objects stand for times and dates. */
  query<Row>(statement: string): Promise<readonly Row[]>;
  /** Runs the statements of the migrations; may run again. */
  migrate(options?: Partial<MigrateOptions>): Promise<void>;
  insertVersions(versions: readonly TestVersion[]): Promise<void>;
}

/** A new dataset, migrated. */
export async function createSceneDataset(
  { client, createDataset }: BigquerySuite,
  options: Partial<MigrateOptions> = {},
): Promise<SceneDataset> {
  await using owned = new AsyncDisposableStack();
  const { projectId, dataset } = owned.use(await createDataset());
  const path = `${projectId}.${dataset}`;
  const query = async <Row>(statement: string) => {
    const [job] = await client().createQueryJob({ query: statement });
    const [rows] = await job.getQueryResults();
    return rows as Row[];
  };
  const migrate = async (changed: Partial<MigrateOptions> = {}) => {
    const settings = {
      normalizerVersion: 1,
      firstSeen: 'beginning',
      timeZone: 'UTC',
      catalog: bundledCatalog(),
      ...changed,
    } as const;
    for (const statement of migrationStatements({ projectId, dataset }, settings)) await query(statement);
  };
  await migrate(options);
  const kept = owned.move();
  return {
    path,
    dataset,
    query,
    migrate,
    insertVersions: async (versions) => {
      await query(
        `INSERT INTO \`${path}.dim_scene\` (${versionColumns}) ${versions.map(versionSelect).join(' UNION ALL ')}`,
      );
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const versionColumns = `version_id, scene_id, app_id, scene_key, scene_value, value_kind, is_aggregate, scene_name,
  effective_from, effective_to, is_current, end_reason, first_observed_at`;

/** The same row as `insertVersions` of `view-database.ts` makes in Postgres. */
function versionSelect({ app, key, name, from, to, ended }: TestVersion): string {
  const number = /^[0-9]{1,9}$/.test(key);
  const kind = number ? 'numeric' : key.startsWith('@_') ? 'sentinel' : 'text';
  return `SELECT TO_HEX(MD5('${app}/${key}/${from}')), TO_HEX(MD5('${app}/${key}')), '${app}', '${key}',
    CAST(${number ? key : 'NULL'} AS INT64), '${kind}', ${key === '@_all'}, '${name}',
    TIMESTAMP '${from}', TIMESTAMP '${to ?? '9999-12-31T00:00:00Z'}', ${to === undefined},
    CAST(${to === undefined ? 'NULL' : `'${ended ?? 'removed'}'`} AS STRING), TIMESTAMP '${from}'`;
}
