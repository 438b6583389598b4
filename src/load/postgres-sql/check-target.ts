import { sql } from 'kysely';
import { isScenedimError } from '../../errors.ts';
import type { Finding, TargetMeta } from '../loader.ts';
import { schemaFinding } from '../schema-version.ts';
import { readMeta } from './meta.ts';
import { newestSchemaVersion } from './migrations.ts';
import { quoteIdentifier } from './quote-sql.ts';
import { missingRoles, readersWithoutRights } from './readers.ts';
import type { SqlSession, SqlTarget } from './sql-target.ts';

const OLDEST_SERVER = 140_000;
const tables = [
  'scene_meta',
  'scene_payload',
  'scene_observation',
  'scene_account',
  'dim_scene',
  'scene_run',
  'scene_reject',
  'access_source',
  'launch_scene',
] as const;

/** Looks at everything that a run needs; writes nothing. What cannot be looked at is a finding, too. */
export async function checkTarget(target: SqlTarget, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return await target.session(async (session) => {
      const meta = await readMeta(session);
      return [
        { level: 'ok', subject: 'connection', message: target.description },
        ...(await checkServer(session)),
        schemaFinding(meta, newestSchemaVersion()),
        ...(meta === null ? await checkInstall(session) : await checkRights(session)),
        ...(await checkReaders(session, target.readers, meta)),
      ];
    }, signal);
  } catch (error) {
    if (!isScenedimError(error) || signal.aborted) throw error;
    const remedy = error.remedy === undefined ? {} : { remedy: error.remedy };
    return [
      {
        level: 'error',
        subject: error.code === 'target_unreachable' ? 'connection' : 'target',
        message: error.message,
        ...remedy,
      },
    ];
  }
}

async function checkServer({ db }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<{
    number: number;
    version: string;
    encoding: string;
    read_only: string;
    recovery: boolean;
  }>`
    SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS read_only,
      pg_is_in_recovery() AS recovery`.execute(db);
  const [server] = rows;
  if (server === undefined) return [];
  const findings: Finding[] = [
    server.number >= OLDEST_SERVER
      ? { level: 'ok', subject: 'server version', message: server.version }
      : {
          level: 'error',
          subject: 'server version',
          message: `${server.version} is too old`,
          remedy: 'use PostgreSQL 14 or newer',
        },
    server.encoding === 'UTF8'
      ? { level: 'ok', subject: 'encoding', message: 'UTF8' }
      : {
          level: 'error',
          subject: 'encoding',
          message: `the database has ${server.encoding}`,
          remedy: 'use a database with UTF8',
        },
  ];
  if (server.read_only === 'on' || server.recovery) {
    findings.push({
      level: 'error',
      subject: 'writing',
      message: 'the database is read only',
      remedy: 'connect to the primary',
    });
  }
  return findings;
}

async function checkInstall({ db, schema }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<{ may: boolean; database: string; user: string }>`
    SELECT coalesce((SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
                     FROM pg_catalog.pg_namespace WHERE nspname = ${schema}),
                    has_database_privilege(current_database(), 'CREATE')) AS may,
      current_database() AS database, current_user::text AS user`.execute(db);
  const [right] = rows;
  if (right === undefined || right.may) return [{ level: 'ok', subject: 'rights', message: 'the schema can be made' }];
  return [
    {
      level: 'error',
      subject: 'rights',
      message: `the user ${right.user} may neither create the schema ${schema} nor create tables in it`,
      remedy: `CREATE SCHEMA ${quoteIdentifier(schema)} AUTHORIZATION ${quoteIdentifier(right.user)}`,
    },
  ];
}

async function checkRights({ db, schema }: SqlSession): Promise<readonly Finding[]> {
  const { rows } = await sql<{ lacking: string; user: string }>`
    SELECT t.name || ': ' || p.name AS lacking, current_user::text AS user
    FROM unnest(${tables}::text[]) AS t(name), unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p(name)
    WHERE has_table_privilege(to_regclass(${quoteIdentifier(schema)} || '.' || t.name)::oid, p.name) IS NOT TRUE
      AND NOT (t.name IN ('access_source', 'launch_scene', 'scene_meta') AND p.name <> 'SELECT')`.execute(db);
  const [first] = rows;
  if (first === undefined) return [{ level: 'ok', subject: 'rights', message: 'all tables can be read and written' }];
  return [
    {
      level: 'error',
      subject: 'rights',
      message: `the user ${first.user} lacks ${rows.map(({ lacking }) => lacking).join(', ')}`,
      remedy: `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(first.user)}`,
    },
  ];
}

async function checkReaders(
  session: SqlSession,
  readers: readonly string[],
  meta: TargetMeta | null,
): Promise<readonly Finding[]> {
  if (readers.length === 0) return [];
  const missing = await missingRoles(session, readers);
  const absent: readonly Finding[] = missing.map((role) => ({
    level: 'error',
    subject: 'readers',
    message: `the role "${role}" does not exist`,
    remedy: `CREATE ROLE ${quoteIdentifier(role)}`,
  }));
  if (absent.length > 0 || meta === null) return absent;
  const lacking = await readersWithoutRights(session, readers);
  if (lacking.length === 0) return [{ level: 'ok', subject: 'readers', message: readers.join(', ') }];
  return [
    {
      level: 'warning',
      subject: 'readers',
      message: `without rights: ${lacking.join(', ')}`,
      remedy: 'run scenedim migrate',
    },
  ];
}
