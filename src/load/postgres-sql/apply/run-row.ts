import { sql } from 'kysely';
import type { RunRecord } from '../../loader.ts';
import { countColumns } from '../../run-counts.ts';
import { instantText, instantTextOrNull } from '../instant-text.ts';
import type { SqlSession } from '../sql-target.ts';
import { assertRowCount } from './assert-row-count.ts';

/**
 * Locks the row of the run, making it when it is missing, and returns how many of its batches are applied; -1 for a new run.
 * The lock makes a second attempt wait for the first one, which may be committing after its connection was given up.
 */
export async function lockRun(session: SqlSession, run: RunRecord): Promise<number> {
  const { db, schema } = session;
  const { rows } = await sql<{ batches: string }>`
    INSERT INTO ${sql.id(schema, 'scene_run')} AS r (run_id, command, started_at, program_version, batches)
    VALUES (${run.runId}, ${run.command}, ${instantText(run.startedAt)}::timestamptz, ${run.programVersion}, -1)
    ON CONFLICT (run_id) DO UPDATE SET command = r.command
    RETURNING r.batches::text AS batches`.execute(db);
  await assertRowCount(session, { table: 'scene_run', what: 'the row of the run', expected: 1 }, rows.length);
  return Number(rows[0]?.batches);
}

/** Brings the row of the run up to this batch. An end that was written stays. */
export async function updateRun(session: SqlSession, run: RunRecord): Promise<void> {
  const { db, schema } = session;
  const counts = countColumns(run.counts).map(([column, count]) => sql`${sql.ref(column)} = ${count}::bigint`);
  const { numAffectedRows } = await sql`
    UPDATE ${sql.id(schema, 'scene_run')}
    SET ${sql.join(counts)}, batches = ${run.batches}::bigint, program_version = ${run.programVersion},
        finished_at = coalesce(${instantTextOrNull(run.finishedAt)}::timestamptz, finished_at),
        outcome = coalesce(${run.outcome}::text, outcome)
    WHERE run_id = ${run.runId}`.execute(db);
  await assertRowCount(session, { table: 'scene_run', what: 'the row of the run', expected: 1 }, numAffectedRows);
}
