import { sql } from 'kysely';
import { ScenedimError } from '../../../errors.ts';
import type { MigrateOptions, MigrateResult } from '../../loader.ts';
import { assertNotNewer } from '../../schema-version.ts';
import { sqlStateOf } from '../sql-state.ts';
import type { SqlSession, SqlTarget } from '../sql-target.ts';
import { readMeta } from './meta.ts';
import {
  catalogueScript,
  createSchemaStatement,
  installerLockStatement,
  listMigrations,
  metaStatements,
  migrationText,
  newestSchemaVersion,
  readersScript,
} from './migration-script.ts';
import { assertReadersExist, readersWithoutRights } from './readers.ts';

const INVALID_PARAMETER = '22023';

/**
 * Brings the target to the newest schema in one transaction that holds the installers' lock; only looks when it is there
 * already and settings and readers' rights are right. Drops nothing, so views and grants of users survive.
 */
export async function migrateTarget(
  target: SqlTarget,
  options: MigrateOptions,
  signal: AbortSignal,
): Promise<MigrateResult> {
  const toVersion = newestSchemaVersion();
  const current = await target.session((session) => isCurrent(session, target.readers, options), signal);
  if (current) return { fromVersion: toVersion, toVersion, applied: [] };
  return target.transaction(async (session) => {
    await session.script(installerLockStatement(session.schema));
    await assertUsable(session, target.readers, options);
    const meta = await readMeta(session);
    assertNotNewer(meta, toVersion);
    const pending = listMigrations().filter(({ number }) => number > (meta?.schemaVersion ?? 0));
    if (pending.length > 0) {
      await session.script(createSchemaStatement(session.schema));
      for (const migration of pending) await session.script(migrationText(migration, session.schema));
      await session.script(catalogueScript(session.schema));
    }
    const granted = await grantMissing(session, target.readers);
    if (pending.length > 0 || meta?.timeZone !== options.timeZone)
      await session.script(metaStatements(session.schema, options));
    const applied = pending.map(({ name }) => name);
    return { fromVersion: meta?.schemaVersion ?? null, toVersion, applied, ...(granted.length > 0 && { granted }) };
  }, signal);
}

async function isCurrent(session: SqlSession, readers: readonly string[], options: MigrateOptions): Promise<boolean> {
  const meta = await readMeta(session);
  assertNotNewer(meta, newestSchemaVersion());
  if (meta === null || meta.schemaVersion !== newestSchemaVersion() || meta.timeZone !== options.timeZone) return false;
  if (readers.length === 0) return true;
  await assertReadersExist(session, readers);
  return (await readersWithoutRights(session, readers)).length === 0;
}

async function grantMissing(session: SqlSession, readers: readonly string[]): Promise<readonly string[]> {
  const lacking = await readersWithoutRights(session, readers);
  if (lacking.length > 0) await session.script(readersScript(session.schema, lacking));
  return lacking;
}

async function assertUsable(
  session: SqlSession,
  readers: readonly string[],
  { timeZone }: MigrateOptions,
): Promise<void> {
  const { rows } = await sql<{ encoding: string }>`SELECT current_setting('server_encoding') AS encoding`.execute(
    session.db,
  );
  if (rows[0]?.encoding !== 'UTF8') {
    throw new ScenedimError(
      'target_invalid',
      `the database has the encoding ${rows[0]?.encoding}, which cannot hold every name`,
      {
        remedy: "use a database made with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
      },
    );
  }
  await assertTimeZone(session, timeZone);
  await assertReadersExist(session, readers);
}

async function assertTimeZone({ db }: SqlSession, timeZone: string): Promise<void> {
  try {
    await sql`SELECT now() AT TIME ZONE ${timeZone}::text`.execute(db);
  } catch (error) {
    if (sqlStateOf(error) !== INVALID_PARAMETER) throw error;
    throw new ScenedimError('config_invalid', `dimension.timeZone: the database does not know "${timeZone}"`, {
      remedy: 'use one of the names in the view pg_timezone_names',
      cause: error,
    });
  }
}
