import type { SqlBool } from 'kysely';
import { type RawBuilder, sql } from 'kysely';
import type { SceneRef } from '../../../dimension/version.ts';
import type { Micros } from '../../../instant.ts';
import { instantText } from '../instant-text.ts';
import { unnest } from '../unnest.ts';

/** The rows of some accounts, as one array parameter whatever their number. */
export function ofAccounts(appIds: readonly string[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`app_id = ANY(${appIds}::text[])`;
}

/** The observations that are not older. */
export function since(instant: Micros): RawBuilder<SqlBool> {
  return sql<SqlBool>`o.observed_at >= ${instantText(instant)}::timestamptz`;
}

/** The rows of some scenes, as two array parameters whatever their number. */
export function ofScenes(scenes: readonly SceneRef[]): RawBuilder<SqlBool> {
  const rows = unnest({
    app_id: ['text', scenes.map(({ appId }) => appId)],
    scene_key: ['text', scenes.map(({ sceneKey }) => sceneKey)],
  });
  return sql<SqlBool>`(app_id, scene_key) IN (SELECT u.app_id, u.scene_key FROM ${rows})`;
}
