import { endReasons, type Version, valueKinds } from '../../../dimension/version.ts';
import { OPEN_END } from '../../../instant.ts';
import type { VersionQuery } from '../../loader.ts';
import { oneOf, oneOfOrNull } from '../../one-of.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryPages } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { instantParameter, type QueryParameter, textParameter, textsParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { betweenAccounts, ofAccounts } from './account-conditions.ts';
import { type AccountRange, orderedPages, rangeClauses } from './ordered-pages.ts';

/** The versions that fulfil every field of the query, in a range of accounts or in all. */
export function versionsQuery(place: DatasetName, query: VersionQuery, range?: AccountRange): Query {
  const { appIds, openOnly, asOf, changedIn, sceneKey, scenes } = query;
  const part = rangeClauses(range);
  const conditions = [...part.conditions];
  const parameters: QueryParameter[] = [...part.parameters];
  const add = (condition: string, ...values: readonly QueryParameter[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  const accounts = appIds === undefined ? undefined : ofAccounts(appIds);
  if (accounts !== undefined) add(accounts.sql, ...accounts.parameters);
  if (openOnly === true) add('effective_to = @open_end', instantParameter('open_end', OPEN_END));
  if (asOf !== undefined) add('effective_from <= @as_of AND effective_to > @as_of', instantParameter('as_of', asOf));
  if (changedIn !== undefined) {
    add(
      '((effective_from >= @since AND effective_from < @until) OR (effective_to >= @since AND effective_to < @until AND NOT is_current))',
      instantParameter('since', changedIn.since),
      instantParameter('until', changedIn.until),
    );
  }
  if (sceneKey !== undefined) add('scene_key = @scene_key', textParameter('scene_key', sceneKey));
  if (scenes !== undefined) {
    const range = betweenAccounts(scenes.map(({ appId }) => appId));
    if (accounts === undefined) add(range.sql, ...range.parameters);
    // An app id holds no line feed, so the pair is one text.
    add(
      "CONCAT(app_id, '\\n', scene_key) IN (SELECT scene FROM UNNEST(@scenes) AS scene)",
      textsParameter('scenes', [...new Set(scenes.map(({ appId, sceneKey: key }) => `${appId}\n${key}`))]),
    );
  }
  return {
    sql: `SELECT version_id, scene_id, app_id, scene_key, scene_value, value_kind, is_aggregate, scene_name,
  UNIX_MICROS(effective_from), UNIX_MICROS(effective_to), end_reason, UNIX_MICROS(first_observed_at)
FROM ${tablePath(place, 'dim_scene')}${part.asOf}${conditions.length === 0 ? '' : `\nWHERE ${conditions.join('\n  AND ')}`}
ORDER BY app_id, scene_key, effective_from`,
    parameters,
  };
}

/** Versions of one state, ordered by app_id, scene_key, effective_from. */
export async function* readVersions(
  runner: JobRunner,
  query: VersionQuery,
  signal: AbortSignal,
): AsyncGenerator<Version> {
  const statement = (range?: AccountRange): Query => versionsQuery(runner.config, query, range);
  const isBounded = query.appIds !== undefined || query.scenes !== undefined;
  const pages = isBounded
    ? queryPages(runner, statement(), signal)
    : orderedPages(runner, 'dim_scene', statement, signal);
  for await (const rows of pages) {
    for (const row of rows) {
      const cells = new RowCells(row, 'dim_scene');
      yield {
        versionId: cells.text(),
        sceneId: cells.text(),
        appId: cells.text(),
        sceneKey: cells.text(),
        sceneValue: cells.integerOrNull(),
        valueKind: oneOf(valueKinds, cells.text(), 'dim_scene.value_kind'),
        isAggregate: cells.flag(),
        sceneName: cells.text(),
        effectiveFrom: cells.instant(),
        effectiveTo: cells.instant(),
        endReason: oneOfOrNull(endReasons, cells.textOrNull(), 'dim_scene.end_reason'),
        firstObservedAt: cells.instant(),
      };
      signal.throwIfAborted();
    }
  }
}
