import { sql } from 'kysely';
import { chunksOf } from '../../../chunks.ts';
import type { Decision, Observation, Reject } from '../../../dimension/observation.ts';
import { instantText, instantTextOrNull } from '../instant-text.ts';
import type { SqlSession } from '../sql-target.ts';
import { unnest } from '../unnest.ts';
import { assertRowCount } from './assert-row-count.ts';
import { copyChunks, copyText, copyTextOrNull } from './copy-text.ts';

const observationColumns = [
  'app_id',
  'observed_at',
  'status',
  'payload_hash',
  'error_code',
  'error_message',
  'hold_reason',
  'decided_at',
  'run_id',
] as const;

/** Appends observations; one that is stored already breaks the primary key. */
export async function insertObservations(session: SqlSession, observations: readonly Observation[]): Promise<void> {
  if (observations.length === 0) return;
  const written = await session.copy(
    'scene_observation',
    observationColumns,
    copyChunks(observations, observationLine),
  );
  const rows = { table: 'scene_observation', what: 'observations to add', expected: observations.length };
  await assertRowCount(session, rows, written);
}

function observationLine(observation: Observation): string {
  return `${copyText(observation.appId)}\t${instantText(observation.observedAt)}\t${observation.status}\t${copyTextOrNull(
    observation.payloadHash,
  )}\t${copyTextOrNull(observation.errorCode)}\t${copyTextOrNull(observation.errorMessage)}\t${copyTextOrNull(
    observation.holdReason,
  )}\t${copyTextOrNull(instantTextOrNull(observation.decidedAt))}\t${copyText(observation.runId)}`;
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
    });
    const { numAffectedRows } = await sql`
      UPDATE ${sql.id(schema, 'scene_observation')} AS o
      SET status = u.status, hold_reason = u.hold_reason, decided_at = u.decided_at
      FROM ${decided}
      WHERE o.app_id = u.app_id AND o.observed_at = u.observed_at`.execute(db);
    const rows = { table: 'scene_observation', what: 'observations to decide', expected: chunk.length };
    await assertRowCount(session, rows, numAffectedRows);
  }
}

/** Appends the rejected rows of the run. */
export async function insertRejects(session: SqlSession, rejects: readonly Reject[], runId: string): Promise<void> {
  if (rejects.length === 0) return;
  const run = copyText(runId);
  const line = (reject: Reject) =>
    `${run}\t${copyText(reject.appId)}\t${instantText(reject.observedAt)}\t${reject.index}\t${reject.reason}\t${copyText(reject.raw)}`;
  const written = await session.copy(
    'scene_reject',
    ['run_id', 'app_id', 'observed_at', 'row_index', 'reason', 'raw'],
    copyChunks(rejects, line),
  );
  await assertRowCount(session, { table: 'scene_reject', what: 'rejects to add', expected: rejects.length }, written);
}
