import { sql } from 'kysely';
import { compareCodePoints } from '../../compare-code-points.ts';
import type { RefreshTokenChange, RefreshTokenStore } from '../../platform-stores.ts';
import type { SqlSession, SqlTarget } from './sql-target.ts';
import { unnest } from './unnest.ts';

/** The store in `scene_refresh_token` of a target. */
export function createRefreshTokenStore(target: SqlTarget): RefreshTokenStore {
  return {
    read: async (appIds, signal) => {
      signal.throwIfAborted();
      if (appIds.length === 0) return new Map();
      const rows = await target.ownTransaction(
        ({ db, schema }) =>
          db
            .withSchema(schema)
            .selectFrom('scene_refresh_token')
            .select(['app_id', 'refresh_token'])
            .where(sql<boolean>`app_id = ANY(${appIds}::text[])`)
            .execute(),
        signal,
      );
      return new Map(rows.map((row) => [row.app_id, row.refresh_token]));
    },
    replace: async (changes, signal) => {
      signal.throwIfAborted();
      if (changes.length === 0) return new Set();
      return target.ownTransaction(async (session) => {
        await waitForDisk(session);
        return replace(session, changes);
      }, signal);
    },
  };
}

/**
 * Makes COMMIT wait for the disk, also where a role or a database has `synchronous_commit = off`.
 */
async function waitForDisk({ db }: SqlSession): Promise<void> {
  await sql`SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`.execute(
    db,
  );
}

/** Locks rows in the order of their app ids, so that two writers cannot deadlock. */
async function replace(
  { db, schema }: SqlSession,
  changes: readonly RefreshTokenChange[],
): Promise<ReadonlySet<string>> {
  const ordered = changes.toSorted((a, b) => compareCodePoints(a.appId, b.appId));
  const rows = unnest({
    app_id: ['text', ordered.map(({ appId }) => appId)],
    expected: ['text', ordered.map(({ expected }) => expected)],
    token: ['text', ordered.map(({ token }) => token)],
  });
  const table = sql.id(schema, 'scene_refresh_token');
  const { rows: replaced } = await sql<{ app_id: string }>`
    WITH change AS MATERIALIZED (SELECT * FROM ${rows}),
    locked AS MATERIALIZED (
      SELECT t.app_id FROM ${table} AS t JOIN change AS c ON c.app_id = t.app_id
      WHERE t.refresh_token = c.expected ORDER BY t.app_id FOR UPDATE OF t
    ),
    updated AS (
      UPDATE ${table} AS t SET refresh_token = c.token, stored_at = now()
      FROM locked AS l JOIN change AS c ON c.app_id = l.app_id
      WHERE t.app_id = l.app_id AND t.refresh_token = c.expected
      RETURNING t.app_id
    ),
    inserted AS (
      INSERT INTO ${table} AS t (app_id, refresh_token, stored_at)
      SELECT c.app_id, c.token, now() FROM change AS c WHERE c.expected IS NULL ORDER BY c.app_id
      ON CONFLICT DO NOTHING
      RETURNING t.app_id
    )
    SELECT app_id FROM updated UNION ALL SELECT app_id FROM inserted`.execute(db);
  return new Set(replaced.map((row) => row.app_id));
}
