import { sql } from 'kysely';
import { chunksOf } from '../../../chunks.ts';
import { isOpen, type Version, type VersionChange } from '../../../dimension/version.ts';
import { sumCounts } from '../../../dimension/version-changes.ts';
import { versionColumnNames } from '../../../dimension/version-columns.ts';
import type { ChangeSet } from '../../loader.ts';
import { instantText } from '../instant-text.ts';
import type { SqlSession } from '../sql-target.ts';
import { assignments, type UnnestColumns, unnest } from '../unnest.ts';
import { assertRowCount } from './assert-row-count.ts';
import { encodeRows } from './encode-rows.ts';
import type { VersionKey } from './version-key.ts';
import { writeVersion } from './write-version.ts';

/**
 * Changes the dimension in the one order in which no statement meets a row that a later one would
 * move out of its way (UNIQUE (app_id, scene_key, effective_to)): delete; close or shorten; reopen
 * or lengthen; insert.
 */
export async function applyVersions(
  session: SqlSession,
  versionKey: VersionKey,
  changes: ChangeSet['versions'],
): Promise<void> {
  const insertions = insertionsAlone(changes) ?? (await changeStored(session, changes));
  if (insertions === 0) return;
  await versionKey.dropForFirstLoad(session, insertions);
  const rows = encodeRows(insertedBy(changes), versionColumnNames.length, writeVersion);
  const written = await session.copy('dim_scene', versionColumnNames, rows);
  await assertRowCount(session, { table: 'dim_scene', what: 'versions to add', expected: insertions }, written);
}

/**
 * How many rows are inserted when nothing else is to be done, as far as that is known without
 * reading the changes.
 */
function insertionsAlone({ counts }: ChangeSet['versions']): number | null {
  return counts !== undefined && sumCounts(counts) === counts.opened ? counts.opened : null;
}

/** Changes stored rows; resolves with the number of rows that are left to be inserted. */
async function changeStored(session: SqlSession, changes: Iterable<VersionChange>): Promise<number> {
  const deleted: Version[] = [];
  const shortened: VersionUpdate[] = [];
  const lengthened: VersionUpdate[] = [];
  let insertions = 0;
  for (const change of changes) {
    if (change.op === 'delete') deleted.push(change.before);
    else if (change.op === 'insert') insertions += 1;
    else if (change.after.effectiveTo <= change.before.effectiveTo) shortened.push(change);
    else lengthened.push(change);
  }
  for (const chunk of chunksOf(deleted)) await deleteVersions(session, chunk);
  for (const chunk of chunksOf(shortened)) await updateVersions(session, chunk);
  for (const chunk of chunksOf(lengthened)) await updateVersions(session, chunk);
  return insertions;
}

/** Each row is made when COPY sends it, so that memory stays flat and the server need not wait. */
function* insertedBy(changes: Iterable<VersionChange>): Generator<Version> {
  for (const change of changes) if (change.op === 'insert') yield change.after;
}

type VersionUpdate = Extract<VersionChange, { readonly op: 'update' }>;

async function deleteVersions(session: SqlSession, versions: readonly Version[]): Promise<void> {
  const { db, schema } = session;
  const { numAffectedRows } = await sql`
    DELETE FROM ${sql.id(schema, 'dim_scene')} AS d
    USING ${unnest(storedKeys(versions))}
    WHERE ${isStoredRow}`.execute(db);
  const rows = { table: 'dim_scene', what: 'versions to delete', expected: versions.length };
  await assertRowCount(session, rows, numAffectedRows);
}

async function updateVersions(session: SqlSession, updates: readonly VersionUpdate[]): Promise<void> {
  const versions = updates.map(({ after }) => after);
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
    FROM ${unnest({ ...storedKeys(updates.map(({ before }) => before)), ...changed })}
    WHERE ${isStoredRow}`.execute(db);
  const rows = { table: 'dim_scene', what: 'versions to update', expected: updates.length };
  await assertRowCount(session, rows, numAffectedRows);
}

/** Both keys of stored rows: the unique one finds them while the primary one is dropped. */
function storedKeys(versions: readonly Version[]): UnnestColumns {
  return {
    version_id: ['text', versions.map(({ versionId }) => versionId)],
    stored_app_id: ['text', versions.map(({ appId }) => appId)],
    stored_scene_key: ['text', versions.map(({ sceneKey }) => sceneKey)],
    stored_effective_to: ['timestamptz', versions.map(({ effectiveTo }) => instantText(effectiveTo))],
  };
}

const isStoredRow = sql`d.version_id = u.version_id AND d.app_id = u.stored_app_id
      AND d.scene_key = u.stored_scene_key AND d.effective_to = u.stored_effective_to`;
