import { sql } from 'kysely';
import { chunksOf } from '../../../chunks.ts';
import type { HeadChange } from '../../loader.ts';
import { instantText, instantTextOrNull } from '../instant-text.ts';
import type { SqlSession } from '../sql-target.ts';
import { assignments, unnest } from '../unnest.ts';
import { assertRowCount } from './assert-row-count.ts';

/** Of `scene_account`, but the key. */
const columns = [
  'revision',
  'last_ok_at',
  'last_observed_at',
  'last_payload_hash',
  'last_attempt_at',
  'last_error_code',
  'last_error_message',
  'removals_suspended_since',
] as const;

/**
 * Writes the heads where the stored revision is the one that was read; anything else is `stale_heads`. Comes first in a
 * batch: the row locks make writers of the same account wait for each other.
 */
export async function applyHeads(session: SqlSession, changes: readonly HeadChange[]): Promise<void> {
  for (const chunk of chunksOf(changes.filter(({ before }) => before !== null))) {
    await updateHeads(session, chunk);
  }
  for (const chunk of chunksOf(changes.filter(({ before }) => before === null))) {
    await insertHeads(session, chunk);
  }
}

async function updateHeads(session: SqlSession, changes: readonly HeadChange[]): Promise<void> {
  const { db, schema } = session;
  const { numAffectedRows } = await sql`
    UPDATE ${sql.id(schema, 'scene_account')} AS a
    SET ${assignments(columns)}
    FROM ${headRows(changes)}
    WHERE a.app_id = u.app_id AND a.revision = u.expected_revision`.execute(db);
  const rows = { table: 'scene_account', what: 'accounts to update', expected: changes.length };
  await assertRowCount(session, rows, numAffectedRows);
}

async function insertHeads(session: SqlSession, changes: readonly HeadChange[]): Promise<void> {
  const { db, schema } = session;
  const { numAffectedRows } = await sql`
    INSERT INTO ${sql.id(schema, 'scene_account')}
      (app_id, ${sql.join(columns.map(sql.ref))})
    SELECT app_id, ${sql.join(columns.map(sql.ref))}
    FROM ${headRows(changes)}
    ON CONFLICT DO NOTHING`.execute(db);
  const rows = { table: 'scene_account', what: 'accounts to add', expected: changes.length };
  await assertRowCount(session, rows, numAffectedRows);
}

function headRows(changes: readonly HeadChange[]) {
  const heads = changes.map(({ head }) => head);
  return unnest({
    app_id: ['text', heads.map((head) => head.appId)],
    revision: ['bigint', heads.map((head) => head.revision)],
    expected_revision: ['bigint', changes.map(({ before }) => before?.revision ?? null)],
    last_ok_at: ['timestamptz', heads.map((head) => instantTextOrNull(head.lastOkAt))],
    last_observed_at: ['timestamptz', heads.map((head) => instantTextOrNull(head.lastObservedAt))],
    last_payload_hash: ['text', heads.map((head) => head.lastPayloadHash)],
    last_attempt_at: ['timestamptz', heads.map((head) => instantText(head.lastAttemptAt))],
    last_error_code: ['text', heads.map((head) => head.lastErrorCode)],
    last_error_message: ['text', heads.map((head) => head.lastErrorMessage)],
    removals_suspended_since: ['timestamptz', heads.map((head) => instantTextOrNull(head.removalsSuspendedSince))],
  });
}
