import { sql } from 'kysely';
import { ScenedimError } from '../../../errors.ts';
import type { MigrateOptions, MigrateResult } from '../../loader.ts';
import { listMigrationFiles } from '../../migration-files.ts';
import { assertNotNewer } from '../../schema-version.ts';
import { assertRowCount } from '../apply/assert-row-count.ts';
import { sqlStateOf } from '../sql-state.ts';
import type { SqlSession, SqlTarget } from '../sql-target.ts';
import { readMeta, selectMeta } from './meta.ts';
import {
  catalogScript,
  installerLockStatement,
  metaStatements,
  newestSchemaVersion,
  readersScript,
  schemaScript,
} from './migration-script.ts';
import { assertReadersExist, readersWithoutRights } from './readers.ts';
import { findRowHooks, letThrough } from './row-hooks.ts';
import { readFlaws, refusedLevels, refuseFlaws, type SchemaFlaw } from './schema-flaws.ts';
import { REMEDY_ENCODING } from './server-needs.ts';
import { findSpoiltTexts } from './spoilt-texts.ts';

const INVALID_PARAMETER = '22023';

/**
 * Brings the target to the newest schema in one transaction that holds the installers' lock; only looks when it is there
 * already and whole, and settings and readers' rights are right. Drops nothing, so views, grants and options of users survive.
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
    const flaws = await assertUsable(session, target.readers, options);
    const meta = await readMeta(session);
    assertNotNewer(meta, toVersion);
    const isCatalogStored = meta?.catalogHash === options.catalog.hash;
    const version = (await isWhole(session, flaws, isCatalogStored ? options : null)) ? (meta?.schemaVersion ?? 0) : 0;
    const pending = listMigrationFiles('postgres').filter(({ number }) => number > version);
    if (pending.length > 0) await session.script(schemaScript(session.schema, pending, options.catalog));
    else if (!isCatalogStored) await session.script(catalogScript(session.schema, options.catalog));
    const granted = await grantMissing(session, target.readers);
    // A table that was just made may have come with rights by default.
    if (pending.length > 0 && target.readers.length > 0)
      await session.script(readersScript(session.schema, target.readers));
    if (pending.length > 0 || !isCatalogStored || meta?.timeZone !== options.timeZone)
      await session.script(metaStatements(session.schema, options));
    await assertMigrated(session, options);
    const applied = pending.map(({ name }) => name);
    return { fromVersion: meta?.schemaVersion ?? null, toVersion, applied, ...(granted.length > 0 && { granted }) };
  }, signal);
}

async function isCurrent(session: SqlSession, readers: readonly string[], options: MigrateOptions): Promise<boolean> {
  const meta = await readMeta(session);
  assertNotNewer(meta, newestSchemaVersion());
  if (meta === null || meta.schemaVersion !== newestSchemaVersion() || meta.timeZone !== options.timeZone) return false;
  if (meta.catalogHash !== options.catalog.hash) return false;
  const flaws = await readFlaws(session);
  refuseFlaws(flaws, refusedLevels);
  if (!(await isWhole(session, flaws, options))) return false;
  await assertReadersExist(session, readers);
  return (await readersWithoutRights(session, readers)).length === 0;
}

/** False when something is gone or spoilt that the migrations make again; `stored` has the catalog that should be there. */
async function isWhole(
  session: SqlSession,
  flaws: readonly SchemaFlaw[],
  stored: Pick<MigrateOptions, 'catalog'> | null,
): Promise<boolean> {
  if (flaws.some(({ level }) => level === 'mendable')) return false;
  return stored === null || (await findSpoiltTexts(session, stored)) === null;
}

/** A trigger or a rule of somebody else may keep the rows of a migration from the tables, and it would be run for ever. */
async function assertMigrated(session: SqlSession, { timeZone, catalog }: MigrateOptions): Promise<void> {
  const meta = await selectMeta(session);
  const isCurrentVersion = meta?.schemaVersion === newestSchemaVersion();
  const isWritten = isCurrentVersion && meta.timeZone === timeZone && meta.catalogHash === catalog.hash;
  await assertRowCount(session, { table: 'scene_meta', what: 'the settings', expected: 1 }, isWritten ? 1 : 0);
  const spoilt = await findSpoiltTexts(session, { catalog });
  if (spoilt === null) return;
  const [hook] = [...(await findRowHooks(session, 'access_source')), ...(await findRowHooks(session, 'launch_scene'))];
  if (hook === undefined) return;
  throw new ScenedimError('target_invalid', `${spoilt}: ${hook.name} let not every row through`, {
    remedy: letThrough(hook),
  });
}

async function grantMissing(session: SqlSession, readers: readonly string[]): Promise<readonly string[]> {
  const lacking = await readersWithoutRights(session, readers);
  if (lacking.length > 0) await session.script(readersScript(session.schema, lacking));
  return lacking;
}

/** Resolves with the flaws that stop no migration. */
async function assertUsable(
  session: SqlSession,
  readers: readonly string[],
  { timeZone }: MigrateOptions,
): Promise<readonly SchemaFlaw[]> {
  const { rows } = await sql<{ encoding: string }>`SELECT current_setting('server_encoding') AS encoding`.execute(
    session.db,
  );
  if (rows[0]?.encoding !== 'UTF8') {
    throw new ScenedimError(
      'target_invalid',
      `the database has the encoding ${rows[0]?.encoding}, which cannot hold every name`,
      { remedy: REMEDY_ENCODING },
    );
  }
  await assertTimeZone(session, timeZone);
  await assertReadersExist(session, readers);
  const flaws = await readFlaws(session);
  refuseFlaws(flaws, refusedLevels);
  return flaws;
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
