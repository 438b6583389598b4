import { errorCodeOf } from '../../error-text.ts';
import type { ErrorCode } from '../../errors.ts';

/** What an SQLSTATE, or a class of them, means to a user. */
export interface SqlStateMeaning {
  readonly code: ErrorCode;
  /** Null when the message says it all, or the remedy depends on names. */
  readonly remedy: string | null;
}

const unreachable = {
  code: 'target_unreachable',
  remedy: 'check that the server is up and can be reached, then run again',
} as const;
const busy = {
  code: 'target_busy',
  remedy: 'run again; if it stays, look at what else the server is doing and at its time-outs',
} as const;
const denied = { code: 'target_denied', remedy: 'check user, password and pg_hba.conf' } as const;
const outdated = { code: 'schema_outdated', remedy: 'run scenedim migrate' } as const;
const unsupported = {
  code: 'target_invalid',
  remedy: 'run scenedim check, which names the rules, triggers and policies that others added to the tables',
} as const;
const spelling = {
  code: 'data_refused',
  remedy:
    'run scenedim check, which tells whether the encoding of the database is wrong; when it is right, please report it',
} as const;
const missingDatabase = { code: 'config_invalid', remedy: 'correct the name, or create the database' } as const;
const defect = { code: 'internal', remedy: 'please report it' } as const;

/** By SQLSTATE (five characters) or by class (its first two); the longer one wins. */
export const sqlStates: Readonly<Record<string, SqlStateMeaning>> = {
  '08': unreachable,
  '0A000': unsupported,
  '22021': spelling,
  '22P05': spelling,
  '23505': { code: 'stale_heads', remedy: 'run the command again: another run has written the same rows' },
  '25006': { code: 'target_invalid', remedy: null },
  '25P03': busy,
  '25P04': busy,
  '28': denied,
  '3D000': missingDatabase,
  '3F000': outdated,
  '40': busy,
  '42P10': {
    code: 'target_invalid',
    remedy: 'a key of a table is missing: run scenedim check, which says how to make it again',
  },
  '42501': { code: 'target_denied', remedy: null },
  '42703': outdated,
  '42883': outdated,
  '42P01': outdated,
  '53': busy,
  '53100': { code: 'target_busy', remedy: "make room on the server's disk, then run again" },
  '53200': { code: 'target_busy', remedy: 'the server is out of memory: wait for others to end, or give it more' },
  '53300': {
    code: 'target_unreachable',
    remedy:
      'scenedim needs two connections at once: wait for others to end, or raise the CONNECTION LIMIT or max_connections',
  },
  '53400': { code: 'target_busy', remedy: 'raise the limit that the message names, like temp_file_limit' },
  '54': { code: 'target_invalid', remedy: 'the server has a limit of its own here: see its log' },
  '55006': busy,
  '55P03': busy,
  '57014': { code: 'target_busy', remedy: 'run again; if it stays, raise statement_timeout of the user' },
  '57P01': unreachable,
  '57P02': unreachable,
  '57P03': unreachable,
  '57P04': missingDatabase,
  '57P05': unreachable,
  '58': { code: 'target_unreachable', remedy: "the server's own disk or system failed: see its log" },
  P0001: { code: 'data_refused', remedy: unsupported.remedy },
  XX: { code: 'target_invalid', remedy: 'the server reports a fault of its own: see its log' },
};

/** What an SQLSTATE means; one that the table does not know is taken for a defect of ours. */
export function meaningOfSqlState(sqlState: string): SqlStateMeaning {
  return sqlStates[sqlState] ?? sqlStates[sqlState.slice(0, 2)] ?? defect;
}

const pattern = /^[0-9A-Z]{5}$/;

/** The SQLSTATE of a database's error; undefined for errors of other kinds, whose codes look like `ECONNRESET`. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error)) return undefined;
  const code = errorCodeOf(error);
  return code !== undefined && pattern.test(code) ? code : undefined;
}
