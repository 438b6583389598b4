import { errorCodeOf } from '../../error-text.ts';
import { type ErrorCode, isScenedimError, ScenedimError } from '../../errors.ts';
import { redactCredentials } from '../../secrets/redact.ts';
import { classifySqlError, type TargetNames } from '../postgres-sql/classify-sql-error.ts';

interface ConnectionRule {
  readonly test: RegExp;
  readonly code: ErrorCode;
  /** In place of a message that only a driver's author understands. */
  readonly message?: string;
  readonly remedy: string;
}

/** What PgBouncer answers in place of the server, with an SQLSTATE that says little. */
const poolerRules: readonly ConnectionRule[] = [
  {
    test: /statement pooling mode/,
    code: 'target_invalid',
    remedy: 'set pool_mode of the pooler to transaction or session, or connect to the server itself',
  },
  {
    test: /^query_wait_timeout|^client_login_timeout|no more connections allowed/,
    code: 'target_unreachable',
    remedy: 'let the pooler give two connections at once (default_pool_size), then run again',
  },
];

/**
 * Errors that are not the database's own answer, by `code` or message, first match first. SQLSTATEs are in `sql-state.ts`.
 */
const rules: readonly ConnectionRule[] = [
  {
    test: /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|EHOSTDOWN)\b/,
    code: 'target_unreachable',
    remedy: 'check host and port of target.url, and that the server is up',
  },
  {
    test: /^ENOENT .*connect/,
    code: 'target_unreachable',
    remedy: 'check the socket folder in target.url, and that the server is up',
  },
  { test: /^EACCES .*connect/, code: 'target_denied', remedy: 'give the user of this process access to the socket' },
  {
    test: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID|ERR_OSSL_\w+|ERR_SSL_\w+)\b/,
    code: 'config_invalid',
    remedy: 'set sslrootcert in target.url to the CA that signed the server, or choose another sslmode',
  },
  {
    test: /server does not support SSL/,
    code: 'config_invalid',
    remedy: 'set sslmode=disable in target.url, or turn TLS on in the server',
  },
  {
    test: /client password must be a (non-empty )?string|no password/i,
    code: 'target_denied',
    message: 'the database asks for a password and there is none',
    remedy: 'set the password by target.passwordFile, target.url, PGPASSWORD or ~/.pgpass',
  },
  {
    test: /SASL/,
    code: 'target_denied',
    remedy: 'set the password by target.passwordFile, target.url, PGPASSWORD or ~/.pgpass',
  },
  {
    test: /Connection terminated|connection error|Connection ended|not queryable|timeout exceeded when trying to connect|timeout expired|socket disconnected/i,
    code: 'target_unreachable',
    remedy: 'check that the server is up and can be reached, then run again',
  },
];

/** Whatever `pg` throws as a {@link ScenedimError}; unknown errors are `internal`. No message holds a password. */
export function classifyPostgresError(error: unknown, names: TargetNames): ScenedimError {
  if (isScenedimError(error)) return error;
  const poolerRule = error instanceof Error ? poolerRules.find(({ test }) => test.test(error.message)) : undefined;
  if (poolerRule !== undefined && error instanceof Error) {
    return new ScenedimError(poolerRule.code, error.message, { remedy: poolerRule.remedy, cause: error });
  }
  const sqlError = classifySqlError(error, names);
  if (sqlError !== undefined) return sqlError;
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error))
    return new ScenedimError('internal', redactCredentials(String(first)), { cause: error });
  const errorCode = errorCodeOf(first) ?? '';
  const text = `${errorCode} ${first.message}`;
  const rule = rules.find(({ test }) => test.test(text) || test.test(first.message));
  const message = rule?.message ?? redactCredentials(first.message);
  if (rule === undefined) return new ScenedimError('internal', message, { cause: error });
  return new ScenedimError(rule.code, message, { remedy: rule.remedy, cause: error });
}
