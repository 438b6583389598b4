import { sql } from 'kysely';
import { bundledCatalog } from '../../catalog/scene-catalog.ts';
import { tableCatalogue } from '../../catalog/table-catalogue.ts';
import { type ErrorCode, isScenedimError } from '../../errors.ts';
import type { Finding, TargetMeta } from '../loader.ts';
import { schemaFinding } from '../schema-version.ts';
import { resetReadOnly } from './classify-sql-error.ts';
import { quoteIdentifier } from './quote-sql.ts';
import { findRowSecurity } from './row-security.ts';
import { findChangedViews } from './schema/changed-views.ts';
import { lookAtSchema } from './schema/look-at-schema.ts';
import { assertMayUse, selectMeta } from './schema/meta.ts';
import { newestSchemaVersion } from './schema/migration-script.ts';
import { missingRoles, readersWithoutRights } from './schema/readers.ts';
import { readFlaws, refusedLevels, type SchemaFlaw } from './schema/schema-flaws.ts';
import { checkSecretTables } from './schema/secret-tables.ts';
import { OLDEST_SERVER, REMEDY_ENCODING, REMEDY_OLD_SERVER } from './schema/server-needs.ts';
import { findSpoiltTexts } from './schema/spoilt-texts.ts';
import type { SqlSession, SqlTarget } from './sql-target.ts';

/** Looks at everything that a run needs; writes nothing. What cannot be looked at is a finding, too. */
export async function checkDatabase(target: SqlTarget, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return await target.session(async (session) => {
      const look = await lookAtSchema(session);
      assertMayUse(look, session.schema);
      const isThere = look.hasMeta;
      const flaws = await readFlaws(session);
      const isUsable = isThere && flaws.every(({ level }) => level !== 'unusable');
      const isMigratable = flaws.every(({ level }) => !refusedLevels.includes(level));
      const meta = isUsable ? await selectMeta(session) : null;
      return [
        { level: 'ok', subject: 'connection', message: target.description },
        ...(await checkServer(session)),
        ...(isUsable || (!isThere && isMigratable) ? [schemaFinding(meta, newestSchemaVersion())] : []),
        ...flaws.map(flawFinding),
        ...(isThere
          ? [...(await checkRights(session)), ...(await checkRowSecurity(session))]
          : await checkInstall(session)),
        ...(meta !== null && isMigratable
          ? [...(await checkTexts(session, meta)), ...(await checkViews(session))]
          : []),
        ...(await checkReaders(session, target.readers, meta)),
        ...(await checkSecretTables(session)),
      ];
    }, signal);
  } catch (error) {
    if (!isScenedimError(error) || signal.aborted) throw error;
    const { code, message, remedy } = error;
    return [problem(code === 'target_unreachable' ? 'connection' : 'target', code, message, remedy)];
  }
}

async function checkServer({ db }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<{
    number: number;
    version: string;
    encoding: string;
    read_only: string;
    recovery: boolean;
    database: string;
    user: string;
  }>`
    SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding, current_setting('default_transaction_read_only') AS read_only,
      pg_is_in_recovery() AS recovery, current_database()::text AS database, current_user::text AS "user"`.execute(db);
  const [server] = rows;
  if (server === undefined) return [];
  const isReadOnly = server.read_only === 'on' || server.recovery;
  return [
    server.number >= OLDEST_SERVER
      ? { level: 'ok', subject: 'server version', message: server.version }
      : unfit('server version', `${server.version} is too old`, REMEDY_OLD_SERVER),
    server.encoding === 'UTF8'
      ? { level: 'ok', subject: 'encoding', message: 'UTF8' }
      : unfit('encoding', `the database has ${server.encoding}, which cannot hold every name`, REMEDY_ENCODING),
    ...(isReadOnly ? [readOnlyFinding(server)] : []),
  ];
}

function readOnlyFinding({ recovery, database, user }: { recovery: boolean; database: string; user: string }): Finding {
  if (recovery) return unfit('writing', 'the server is a standby, which is read only', 'connect to the primary');
  const message = `the user ${user} is read only in the database ${database}: default_transaction_read_only is on`;
  return unfit('writing', message, resetReadOnly(database, user));
}

function flawFinding({ level, message, remedy }: SchemaFlaw): Finding {
  return level === 'added' || level === 'unfinished'
    ? { level: 'warning', subject: 'schema', message, remedy }
    : unfit('schema', message, remedy);
}

async function checkRowSecurity(session: SqlSession): Promise<readonly Finding[]> {
  const found = await findRowSecurity(session);
  return found === null ? [] : [problem('row security', 'target_denied', found.message, found.remedy)];
}

/** Texts that a script brought in another encoding. */
async function checkTexts(session: SqlSession, { catalogHash }: TargetMeta): Promise<readonly Finding[]> {
  const bundled = bundledCatalog();
  const isBundled = bundled.hash === catalogHash;
  const difference = await findSpoiltTexts(session, isBundled ? { catalog: bundled } : { catalog: null, catalogHash });
  if (difference === null) return [];
  const remedy = 'run scenedim migrate, or the script of scenedim migrate --print-sql, which write them again';
  return [
    unfit('bundled tables', `what migrate brings was changed or read in another encoding: ${difference}`, remedy),
  ];
}

async function checkViews(session: SqlSession): Promise<readonly Finding[]> {
  return (await findChangedViews(session)).map((name) => ({
    level: 'warning',
    subject: 'schema',
    message: `the view ${name} does not select what scenedim makes it select`,
    remedy: 'run the script of scenedim migrate --print-sql, which makes it again',
  }));
}

async function checkInstall({ db, schema }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<{ may: boolean; database: string; user: string }>`
    SELECT coalesce((SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
                     FROM pg_catalog.pg_namespace WHERE nspname = ${schema}),
                    has_database_privilege(current_database(), 'CREATE')) AS may,
      current_database() AS database, current_user::text AS user`.execute(db);
  const [right] = rows;
  if (right === undefined || right.may) return [{ level: 'ok', subject: 'rights', message: 'the tables can be made' }];
  const message = `the user ${right.user} may neither create the schema ${schema} nor create tables in it`;
  const remedy = `CREATE SCHEMA ${quoteIdentifier(schema)} AUTHORIZATION ${quoteIdentifier(right.user)}`;
  return [problem('rights', 'target_denied', message, remedy)];
}

async function checkRights({ db, schema }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<{ lacking: string; user: string }>`
    SELECT t.name || ': ' || p.name AS lacking, current_user::text AS user
    FROM unnest(${Object.keys(tableCatalogue)}::text[]) AS t(name), unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p(name)
    WHERE has_table_privilege(to_regclass(${quoteIdentifier(schema)} || '.' || t.name)::oid, p.name) IS FALSE
      AND NOT (t.name IN ('access_source', 'launch_scene', 'scene_meta') AND p.name <> 'SELECT')`.execute(db);
  const [first] = rows;
  if (first === undefined) return [{ level: 'ok', subject: 'rights', message: 'all tables can be read and written' }];
  const message = `the user ${first.user} lacks ${rows.map(({ lacking }) => lacking).join(', ')}`;
  const remedy = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(first.user)}`;
  return [problem('rights', 'target_denied', message, remedy)];
}

async function checkReaders(
  session: SqlSession,
  readers: readonly string[],
  meta: TargetMeta | null,
): Promise<readonly Finding[]> {
  if (readers.length === 0) return [];
  const missing = await missingRoles(session, readers);
  const absent = missing.map((role) =>
    problem('readers', 'config_invalid', `the role "${role}" does not exist`, `CREATE ROLE ${quoteIdentifier(role)}`),
  );
  if (absent.length > 0 || meta === null) return absent;
  const lacking = await readersWithoutRights(session, readers);
  if (lacking.length === 0) return [{ level: 'ok', subject: 'readers', message: readers.join(', ') }];
  const message = `without rights: ${lacking.join(', ')}`;
  return [{ level: 'warning', subject: 'readers', message, remedy: 'run scenedim migrate' }];
}

/** A database that scenedim cannot use as it is. */
function unfit(subject: string, message: string, remedy: string): Finding {
  return problem(subject, 'target_invalid', message, remedy);
}

function problem(subject: string, code: ErrorCode, message: string, remedy: string | undefined): Finding {
  return { level: 'error', subject, code, message, ...(remedy !== undefined && { remedy }) };
}
