import { sql } from 'kysely';
import { endReasons, type Version, valueKinds } from '../../../dimension/version.ts';
import { OPEN_END } from '../../../instant.ts';
import type { VersionQuery } from '../../loader.ts';
import { oneOf, oneOfOrNull } from '../../one-of.ts';
import { instantText, microsOf } from '../instant-text.ts';
import type { SqlSession, SqlTarget } from '../sql-target.ts';
import { ofAccounts, ofScenes } from './account-conditions.ts';

/** Versions of one consistent state, ordered by app_id, scene_key, effective_from. */
export async function* readVersions(
  target: SqlTarget,
  query: VersionQuery,
  signal: AbortSignal,
): AsyncGenerator<Version> {
  for await (const page of target.pages((session) => selectVersions(session, query), signal)) {
    for (const row of page) {
      yield {
        versionId: row.version_id,
        sceneId: row.scene_id,
        appId: row.app_id,
        sceneKey: row.scene_key,
        sceneValue: row.scene_number === null ? null : BigInt(row.scene_number),
        valueKind: oneOf(valueKinds, row.value_kind, 'dim_scene.value_kind'),
        isAggregate: row.is_aggregate,
        sceneName: row.scene_name,
        effectiveFrom: BigInt(row.from_micros),
        effectiveTo: BigInt(row.to_micros),
        endReason: oneOfOrNull(endReasons, row.end_reason, 'dim_scene.end_reason'),
        firstObservedAt: BigInt(row.first_observed_micros),
      };
    }
  }
}

function selectVersions({ db, schema }: SqlSession, query: VersionQuery) {
  const { appIds, openOnly, asOf, changedIn, sceneKey, scenes } = query;
  let rows = db
    .withSchema(schema)
    .selectFrom('dim_scene as d')
    .select(['version_id', 'scene_id', 'app_id', 'scene_key', 'value_kind', 'is_aggregate', 'scene_name', 'end_reason'])
    .select(({ cast }) => cast<string | null>('d.scene_value', 'text').as('scene_number'))
    .select([
      microsOf('d.effective_from').as('from_micros'),
      microsOf('d.effective_to').as('to_micros'),
      microsOf('d.first_observed_at').as('first_observed_micros'),
    ]);
  if (appIds !== undefined) rows = rows.where(ofAccounts(appIds));
  if (openOnly === true) rows = rows.where('d.effective_to', '=', sql<string>`${instantText(OPEN_END)}::timestamptz`);
  if (scenes !== undefined) rows = rows.where(ofScenes(scenes));
  if (sceneKey !== undefined) rows = rows.where('scene_key', '=', sceneKey);
  if (asOf !== undefined) {
    const instant = sql<string>`${instantText(asOf)}::timestamptz`;
    rows = rows.where('d.effective_from', '<=', instant).where('d.effective_to', '>', instant);
  }
  if (changedIn !== undefined) {
    const since = sql<string>`${instantText(changedIn.since)}::timestamptz`;
    const until = sql<string>`${instantText(changedIn.until)}::timestamptz`;
    rows = rows.where(({ and, eb, or }) =>
      or([
        and([eb('d.effective_from', '>=', since), eb('d.effective_from', '<', until)]),
        and([eb('d.effective_to', '>=', since), eb('d.effective_to', '<', until), eb('d.is_current', '=', false)]),
      ]),
    );
  }
  // Versions of a key never overlap, so this is the order of effective_from too, and the unique index has it.
  return rows.orderBy('app_id').orderBy('scene_key').orderBy('d.effective_to');
}
