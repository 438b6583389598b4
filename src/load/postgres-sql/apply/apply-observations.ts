import { sql } from 'kysely';
import { chunksOf } from '../../../chunks.ts';
import type { Decision, Observation, Reject } from '../../../dimension/observation.ts';
import type { ObservationKey } from '../../loader.ts';
import { instantText } from '../instant-text.ts';
import type { SqlSession } from '../sql-target.ts';
import { unnest } from '../unnest.ts';
import { assertRowCount } from './assert-row-count.ts';
import { type CopyFields, encodeRows } from './encode-rows.ts';

const observationColumns = [
  'app_id',
  'observed_at',
  'status',
  'payload_hash',
  'error_code',
  'error_message',
  'hold_reason',
  'decided_at',
  'decision_note',
  'run_id',
] as const;

/** Appends observations; one that is stored already breaks the primary key. */
export async function insertObservations(session: SqlSession, observations: readonly Observation[]): Promise<void> {
  if (observations.length === 0) return;
  const rows = encodeRows(observations, observationColumns.length, writeObservation);
  const written = await session.copy('scene_observation', observationColumns, rows);
  const expected = { table: 'scene_observation', what: 'observations to add', expected: observations.length };
  await assertRowCount(session, expected, written);
}

function writeObservation(fields: CopyFields, observation: Observation): void {
  fields.text(observation.appId);
  fields.instant(observation.observedAt);
  fields.text(observation.status);
  fields.text(observation.payloadHash);
  fields.text(observation.errorCode);
  fields.text(observation.errorMessage);
  fields.text(observation.holdReason);
  fields.instant(observation.decidedAt);
  fields.text(observation.decisionNote);
  fields.text(observation.runId);
}

/** Records decisions; one about an observation that is not stored is `stale_heads`. */
export async function applyDecisions(session: SqlSession, decisions: readonly Decision[]): Promise<void> {
  const { db, schema } = session;
  for (const chunk of chunksOf(decisions)) {
    const decided = unnest({
      app_id: ['text', chunk.map((decision) => decision.appId)],
      observed_at: ['timestamptz', chunk.map((decision) => instantText(decision.observedAt))],
      status: ['text', chunk.map((decision) => decision.status)],
      hold_reason: ['text', chunk.map((decision) => decision.holdReason)],
      decided_at: ['timestamptz', chunk.map((decision) => instantText(decision.decidedAt))],
      decision_note: ['text', chunk.map((decision) => decision.decisionNote)],
    });
    const { numAffectedRows } = await sql`
      UPDATE ${sql.id(schema, 'scene_observation')} AS o
      SET status = u.status, hold_reason = u.hold_reason, decided_at = u.decided_at, decision_note = u.decision_note
      FROM ${decided}
      WHERE o.app_id = u.app_id AND o.observed_at = u.observed_at`.execute(db);
    const rows = { table: 'scene_observation', what: 'observations to decide', expected: chunk.length };
    await assertRowCount(session, rows, numAffectedRows);
  }
}

const rejectColumns = ['run_id', 'app_id', 'observed_at', 'row_index', 'reason', 'raw'] as const;

/** Appends the rejected rows of the run. */
export async function insertRejects(session: SqlSession, rejects: readonly Reject[], runId: string): Promise<void> {
  if (rejects.length === 0) return;
  const write = (fields: CopyFields, reject: Reject) => {
    fields.text(runId);
    fields.text(reject.appId);
    fields.instant(reject.observedAt);
    fields.bigint(BigInt(reject.index));
    fields.text(reject.reason);
    fields.text(reject.raw);
  };
  const written = await session.copy('scene_reject', rejectColumns, encodeRows(rejects, rejectColumns.length, write));
  await assertRowCount(session, { table: 'scene_reject', what: 'rejects to add', expected: rejects.length }, written);
}

/**
 * Deletes observations with their rejects; one that is not stored is `stale_heads`. A batch is of few accounts. Told which, and
 * between which times, the server reads their rows only: by the keys alone it may hash the whole log for each batch.
 */
export async function removeObservations(session: SqlSession, removed: readonly ObservationKey[]): Promise<void> {
  const { db, schema } = session;
  for (const chunk of chunksOf(removed)) {
    const appIds = chunk.map(({ appId }) => appId);
    const times = chunk.map(({ observedAt }) => observedAt).sort((a, b) => (a < b ? -1 : 1));
    const keys = unnest({
      app_id: ['text', appIds],
      observed_at: ['timestamptz', chunk.map(({ observedAt }) => instantText(observedAt))],
    });
    const isRemoved = sql`t.app_id = u.app_id AND t.observed_at = u.observed_at
      AND t.app_id = ANY(${[...new Set(appIds)]}::text[])
      AND t.observed_at BETWEEN ${instantText(times.at(0) ?? 0n)}::timestamptz AND ${instantText(times.at(-1) ?? 0n)}::timestamptz`;
    const { numAffectedRows } = await sql`
      DELETE FROM ${sql.id(schema, 'scene_observation')} AS t USING ${keys} WHERE ${isRemoved}`.execute(db);
    const rows = { table: 'scene_observation', what: 'observations to delete', expected: chunk.length };
    await assertRowCount(session, rows, numAffectedRows);
    await sql`DELETE FROM ${sql.id(schema, 'scene_reject')} AS t USING ${keys} WHERE ${isRemoved}`.execute(db);
  }
}
