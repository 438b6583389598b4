import { ScenedimError } from '../../errors.ts';
import { quoteIdentifier } from './quote-sql.ts';
import { meaningOfSqlState, sqlStateOf } from './sql-state.ts';

/** Names that a remedy may need. */
export interface TargetNames {
  readonly schema: string;
  readonly database: string;
  readonly user: string;
}

/** The error of a database as one of ours; undefined when it is not a database's. */
export function classifySqlError(error: unknown, names: TargetNames): ScenedimError | undefined {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined || !(error instanceof Error)) return undefined;
  const { code, remedy } = rowSecurity.test(error.message) ? missingRights : meaningOfSqlState(sqlState);
  const message =
    code === 'internal' ? `the database refused a statement: ${error.message} (SQLSTATE ${sqlState})` : error.message;
  return new ScenedimError(code, message, { remedy: remedy ?? missingRight(error.message, names), cause: error });
}

/** Under row level security a row is refused with 42501, and COPY with 0A000. */
const rowSecurity = /row-level security/;
const missingRights = meaningOfSqlState('42501');

/** The statement that gives the right which a "permission denied" misses. */
function missingRight(message: string, { schema, database, user }: TargetNames): string {
  const role = quoteIdentifier(user);
  if (rowSecurity.test(message)) return 'run scenedim check, which says how to let this user see and write every row';
  if (/for database/.test(message)) {
    return `CREATE SCHEMA ${quoteIdentifier(schema)} AUTHORIZATION ${role}, or GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${role}`;
  }
  if (/for schema/.test(message)) return `GRANT USAGE, CREATE ON SCHEMA ${quoteIdentifier(schema)} TO ${role}`;
  if (/must be (owner|able)/.test(message)) {
    return 'run it as the owner of the schema, or give its owner the SQL of scenedim migrate --print-sql';
  }
  return `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${role}`;
}
