import { sql } from 'kysely';
import { chunksOf } from '../../../chunks.ts';
import { isOpen, type Version, type VersionChange } from '../../../dimension/version.ts';
import { versionColumnNames } from '../../../dimension/version-columns.ts';
import { instantText } from '../instant-text.ts';
import type { SqlSession } from '../sql-target.ts';
import { assignments, type UnnestColumns, unnest } from '../unnest.ts';
import { assertRowCount } from './assert-row-count.ts';
import { copyChunks, copyText, copyTextOrNull } from './copy-text.ts';

/**
 * Changes the dimension in the one order in which no statement meets a row that a later one would move out of its way
 * (UNIQUE (app_id, scene_key, effective_to)): delete; close or shorten; reopen or lengthen; insert.
 */
export async function applyVersions(session: SqlSession, changes: readonly VersionChange[]): Promise<void> {
  const deleted: Version[] = [];
  const shortened: Version[] = [];
  const lengthened: Version[] = [];
  const inserted: Version[] = [];
  for (const change of changes) {
    if (change.op === 'delete') deleted.push(change.before);
    else if (change.op === 'insert') inserted.push(change.after);
    else if (change.after.effectiveTo <= change.before.effectiveTo) shortened.push(change.after);
    else lengthened.push(change.after);
  }
  for (const chunk of chunksOf(deleted)) await deleteVersions(session, chunk);
  for (const chunk of chunksOf(shortened)) await updateVersions(session, chunk);
  for (const chunk of chunksOf(lengthened)) await updateVersions(session, chunk);
  if (inserted.length === 0) return;
  const written = await session.copy('dim_scene', versionColumnNames, copyChunks(inserted, versionLine));
  await assertRowCount(session, { table: 'dim_scene', what: 'versions to add', expected: inserted.length }, written);
}

async function deleteVersions(session: SqlSession, versions: readonly Version[]): Promise<void> {
  const ids = versions.map(({ versionId }) => versionId);
  const { db, schema } = session;
  const { numAffectedRows } = await sql`
    DELETE FROM ${sql.id(schema, 'dim_scene')} WHERE version_id = ANY(${ids}::text[])`.execute(db);
  const rows = { table: 'dim_scene', what: 'versions to delete', expected: versions.length };
  await assertRowCount(session, rows, numAffectedRows);
}

async function updateVersions(session: SqlSession, versions: readonly Version[]): Promise<void> {
  const changed: UnnestColumns = {
    scene_value: ['bigint', versions.map((version) => version.sceneValue?.toString() ?? null)],
    value_kind: ['text', versions.map((version) => version.valueKind)],
    is_aggregate: ['boolean', versions.map((version) => version.isAggregate)],
    scene_name: ['text', versions.map((version) => version.sceneName)],
    effective_from: ['timestamptz', versions.map((version) => instantText(version.effectiveFrom))],
    effective_to: ['timestamptz', versions.map((version) => instantText(version.effectiveTo))],
    is_current: ['boolean', versions.map(isOpen)],
    end_reason: ['text', versions.map((version) => version.endReason)],
  };
  const { db, schema } = session;
  const { numAffectedRows } = await sql`
    UPDATE ${sql.id(schema, 'dim_scene')} AS d
    SET ${assignments(Object.keys(changed))}
    FROM ${unnest({ version_id: ['text', versions.map(({ versionId }) => versionId)], ...changed })}
    WHERE d.version_id = u.version_id`.execute(db);
  const rows = { table: 'dim_scene', what: 'versions to update', expected: versions.length };
  await assertRowCount(session, rows, numAffectedRows);
}

/** A row of `dim_scene` for COPY, in the order of the columns. One template and no array: this is the loop that a first load spends its time in. */
export function versionLine(version: Version): string {
  return `${version.versionId}\t${version.sceneId}\t${copyText(version.appId)}\t${copyText(version.sceneKey)}\t${
    version.sceneValue ?? '\\N'
  }\t${version.valueKind}\t${version.isAggregate ? 't' : 'f'}\t${copyText(version.sceneName)}\t${instantText(
    version.effectiveFrom,
  )}\t${instantText(version.effectiveTo)}\t${isOpen(version) ? 't' : 'f'}\t${copyTextOrNull(version.endReason)}\t${instantText(
    version.firstObservedAt,
  )}`;
}
