import { defaultAccessSourceKey } from '../../../catalog/bundled-tables.ts';
import type { SceneCatalog } from '../../../catalog/scene-catalog.ts';
import { quoteLiteral } from '../sql/quote-literal.ts';
import { functionDescription } from './describe-statement.ts';

/**
 * The function access_source_of: one CASE over constants, which BigQuery inlines. A join on a function that reads a table is refused.
 * BigQuery has no overloading, so the argument is of any type and read as a text.
 */
export function accessSourceFunction(datasetPath: string, { launchScenes }: SceneCatalog): string {
  const branches = launchScenes
    .filter(({ mapping }) => mapping !== 'default')
    .map(({ launchScene, accessSourceKey }) => `  WHEN '${launchScene}' THEN ${quoteLiteral(accessSourceKey)}`);
  const code = `REGEXP_EXTRACT(CAST(launch_scene AS STRING), r'^[ \\t]*(?:wx-)?0*([0-9]{1,18})[ \\t]*$')`;
  return `CREATE OR REPLACE FUNCTION \`${datasetPath}.access_source_of\`(launch_scene ANY TYPE)
${functionDescription('access_source_of')}
AS (CASE ${code}
${branches.join('\n')}
  ELSE IF(REGEXP_CONTAINS(${code}, '^[1-9][0-9]{3}$'), ${quoteLiteral(defaultAccessSourceKey)}, NULL)
END)`;
}

/**
 * Statements that make `access_source` and `launch_scene` equal to a catalog. Rows that it does not have are deleted;
 * rows that are equal are not written. Two runs at once could both insert, so they belong into a transaction that conflicts.
 */
export function catalogStatements(datasetPath: string, { accessSources, launchScenes }: SceneCatalog): string[] {
  const sources: readonly CatalogRow[] = accessSources.map((row) => [
    row.accessSourceKey,
    row.accessSourceName,
    row.origin,
  ]);
  const scenes: readonly CatalogRow[] = launchScenes.map((row) => [
    row.launchScene,
    row.launchSceneName,
    row.accessSourceKey,
    row.mapping,
  ]);
  return [
    ...replaceStatements(
      `\`${datasetPath}.access_source\``,
      ['access_source_key', 'access_source_name', 'origin'],
      sources,
    ),
    ...replaceStatements(
      `\`${datasetPath}.launch_scene\``,
      ['launch_scene', 'launch_scene_name', 'access_source_key', 'mapping'],
      scenes,
    ),
  ];
}

/** Values in the order of the columns; the first one is the key. */
type CatalogRow = readonly [string | number, ...(string | null)[]];

/** The rows are one JSON literal: hundreds of SELECTs or STRUCTs take BigQuery seconds to parse. */
function replaceStatements(table: string, columns: readonly string[], rows: readonly CatalogRow[]): string[] {
  const [key, ...others] = columns;
  const values = columns.map((column, index) => {
    const text = `JSON_VALUE(r, '$[${index}]')`;
    return `${typeof rows[0]?.[index] === 'number' ? `CAST(${text} AS INT64)` : text} AS ${column}`;
  });
  const differs = others.map((column) => `t.${column} IS DISTINCT FROM s.${column}`).join(' OR ');
  const assignments = others.map((column) => `${column} = s.${column}`).join(', ');
  const keys = rows.map(([value]) => (typeof value === 'number' ? value : quoteLiteral(value))).join(', ');
  return [
    `MERGE ${table} AS t USING (
SELECT ${values.join(', ')} FROM UNNEST(JSON_QUERY_ARRAY(${quoteLiteral(JSON.stringify(rows))})) AS r
) AS s ON t.${key} = s.${key}
WHEN MATCHED AND (${differs}) THEN UPDATE SET ${assignments}
WHEN NOT MATCHED THEN INSERT (${columns.join(', ')}) VALUES (${columns.map((column) => `s.${column}`).join(', ')})`,
    `DELETE FROM ${table} WHERE ${key} NOT IN (${keys})`,
  ];
}
