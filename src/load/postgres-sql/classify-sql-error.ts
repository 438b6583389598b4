import { ScenedimError } from '../../errors.ts';
import { quoteIdentifier } from './quote-sql.ts';
import { secretTables } from './schema/readable-objects.ts';
import { meaningOfSqlState, sqlStateOf } from './sql-state.ts';

const READ_ONLY = '25006';

/** Names that a remedy may need. */
export interface TargetNames {
  readonly schema: string;
  readonly database: string;
  readonly user: string;
  /** True when what failed only reads, so that it asks for no more rights. Default false. */
  readonly isReading?: boolean;
}

/** The error of a database as one of ours; undefined when it is not a database's. */
export function classifySqlError(error: unknown, names: TargetNames): ScenedimError | undefined {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined || !(error instanceof Error)) return undefined;
  const { code, remedy } = isRowSecurity(error) ? missingRights : meaningOfSqlState(sqlState);
  const message =
    code === 'internal' ? `the database refused a statement: ${error.message} (SQLSTATE ${sqlState})` : error.message;
  return new ScenedimError(code, message, {
    remedy: remedy ?? (sqlState === READ_ONLY ? howToWrite(names) : missingRight(error, names)),
    cause: error,
  });
}

/** A standby never takes writes; a primary may refuse those of a role or to a database. */
function howToWrite({ database, user }: TargetNames): string {
  return `on a standby, connect to the primary; on a primary, ${resetReadOnly(database, user)}`;
}

/** The statements that let a role write which a default makes read only. */
export function resetReadOnly(database: string, user: string): string {
  const reset = 'RESET default_transaction_read_only';
  return `ALTER ROLE ${quoteIdentifier(user)} ${reset}, or ALTER DATABASE ${quoteIdentifier(database)} ${reset}`;
}

const missingRights = meaningOfSqlState('42501');

/**
 * Under row level security a row is refused with 42501, and COPY with 0A000. The words of a message are of the language of
 * the server, so the function of the server that refused tells.
 */
function isRowSecurity(error: Error): boolean {
  const sqlState = sqlStateOf(error);
  const isRefused = sqlState === '42501' || sqlState === '0A000';
  return isRefused && 'routine' in error && rowSecurityRoutines.has(error.routine);
}

const rowSecurityRoutines: ReadonlySet<unknown> = new Set(['DoCopy', 'check_enable_rls', 'ExecWithCheckOptions']);

/**
 * The statement that gives the right which a "permission denied" misses. What it is for is said in words only, and in the
 * language of the server: where they are others, `check` knows.
 */
function missingRight(error: Error, { schema, database, user, isReading = false }: TargetNames): string {
  const role = quoteIdentifier(user);
  const { message } = error;
  if (isRowSecurity(error)) return 'run scenedim check, which says how to let this user see and write every row';
  if (/for database/.test(message)) {
    return `CREATE SCHEMA ${quoteIdentifier(schema)} AUTHORIZATION ${role}, or GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${role}`;
  }
  // Who only reads gets no secrets; runs alone ask for them.
  if (isReading && !message.includes('scene_refresh_token')) {
    return `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${role}; REVOKE ALL ON ${secretTables(schema).join(', ')} FROM ${role}`;
  }
  if (/for schema/.test(message)) return `GRANT USAGE, CREATE ON SCHEMA ${quoteIdentifier(schema)} TO ${role}`;
  if (/must be (owner|able)/.test(message)) {
    return 'run it as the owner of the schema, or give its owner the SQL of scenedim migrate --print-sql';
  }
  if (!/for (table|relation|view)/.test(message)) return 'run scenedim check, which names the right that is missing';
  return `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${role}`;
}
