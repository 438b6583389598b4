import { expect, test } from 'vitest';
import { ScenedimError } from '../../../../src/errors.ts';
import { classifyPostgresError } from '../../../../src/load/postgres/classify-error.ts';
import { sqlStates } from '../../../../src/load/postgres-sql/sql-state.ts';
import { redactCredentials } from '../../../../src/secrets/redact.ts';

const names = { schema: 'scene', database: 'shop', user: 'loader' };
const classify = (error: unknown) => classifyPostgresError(error, names);
const sqlError = (code: string, message = 'refused') => Object.assign(new Error(message), { code, severity: 'ERROR' });
const nodeError = (code: string, message: string) => Object.assign(new Error(message), { code });

test.each([
  ['08000', 'target_unreachable'],
  ['0A000', 'target_invalid'],
  ['08006', 'target_unreachable'],
  ['08P01', 'target_unreachable'],
  ['22021', 'data_refused'],
  ['22P05', 'data_refused'],
  ['22003', 'internal'],
  ['23502', 'internal'],
  ['23505', 'stale_heads'],
  ['23514', 'internal'],
  ['25006', 'target_invalid'],
  ['25P03', 'target_busy'],
  ['25P04', 'target_busy'],
  ['28000', 'target_denied'],
  ['28P01', 'target_denied'],
  ['3D000', 'config_invalid'],
  ['3F000', 'schema_outdated'],
  ['40001', 'target_busy'],
  ['40P01', 'target_busy'],
  ['42501', 'target_denied'],
  ['42601', 'internal'],
  ['42703', 'schema_outdated'],
  ['42883', 'schema_outdated'],
  ['42P01', 'schema_outdated'],
  ['53100', 'target_busy'],
  ['53200', 'target_busy'],
  ['53300', 'target_unreachable'],
  ['55006', 'target_busy'],
  ['55P03', 'target_busy'],
  ['57014', 'target_busy'],
  ['57P01', 'target_unreachable'],
  ['57P02', 'target_unreachable'],
  ['57P03', 'target_unreachable'],
  ['57P04', 'config_invalid'],
  ['57P05', 'target_unreachable'],
  ['58030', 'target_unreachable'],
  ['P0001', 'data_refused'],
  ['XX000', 'target_invalid'],
  ['ZZ999', 'internal'],
] as const)('SQLSTATE %s is %s', (sqlState, code) => {
  expect(classify(sqlError(sqlState)).code).toBe(code);
});

test.each([
  ['42501', 'ExecWithCheckOptions', 'neue Zeile verletzt Policy für Sicherheit auf Zeilenebene'],
  ['42501', 'check_enable_rls', 'query would be affected by row-level security policy for table "dim_scene"'],
  ['0A000', 'DoCopy', 'COPY FROM wird für Tabellen mit Sicherheit auf Zeilenebene nicht unterstützt'],
])('row level security (%s of %s) is a missing right, whatever the language', (sqlState, routine, message) => {
  for (const isReading of [true, false]) {
    const error = Object.assign(sqlError(sqlState, message), { routine });
    expect(classifyPostgresError(error, { ...names, isReading })).toMatchObject({
      code: 'target_denied',
      remedy: expect.stringContaining('scenedim check'),
    });
  }
});

test('every row of the table of SQLSTATEs is a state or a class', () => {
  expect(Object.keys(sqlStates).filter((key) => !/^([0-9A-Z]{2}|[0-9A-Z]{5})$/.test(key))).toEqual([]);
});

test.each([
  [nodeError('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), 'target_unreachable'],
  [nodeError('ENOTFOUND', 'getaddrinfo ENOTFOUND nowhere.invalid'), 'target_unreachable'],
  [nodeError('EAI_AGAIN', 'getaddrinfo EAI_AGAIN nowhere'), 'target_unreachable'],
  [nodeError('ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:5432'), 'target_unreachable'],
  [nodeError('ECONNRESET', 'read ECONNRESET'), 'target_unreachable'],
  [nodeError('EPIPE', 'write EPIPE'), 'target_unreachable'],
  [nodeError('ENOENT', 'connect ENOENT /run/nowhere/.s.PGSQL.5432'), 'target_unreachable'],
  [nodeError('EACCES', 'connect EACCES /run/.s.PGSQL.5432'), 'target_denied'],
  [nodeError('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), 'config_invalid'],
  [nodeError('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'), 'config_invalid'],
  [nodeError('CERT_HAS_EXPIRED', 'certificate has expired'), 'config_invalid'],
  [nodeError('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames"), 'config_invalid'],
  [new Error('The server does not support SSL connections'), 'config_invalid'],
  [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'target_denied'],
  [new Error('Connection terminated'), 'target_unreachable'],
  [new Error('Connection terminated unexpectedly'), 'target_unreachable'],
  [new Error('Connection terminated due to connection timeout'), 'target_unreachable'],
  [new Error('timeout exceeded when trying to connect'), 'target_unreachable'],
  [new Error('Client has encountered a connection error and is not queryable'), 'target_unreachable'],
  [
    new AggregateError([nodeError('ECONNREFUSED', 'connect ECONNREFUSED ::1:1'), nodeError('ECONNREFUSED', 'other')]),
    'target_unreachable',
  ],
  [new TypeError('x is not a function'), 'internal'],
  ['a text', 'internal'],
])('%s is %s', (error, code) => {
  const classified = classify(error);
  expect({ code: classified.code, hasMessage: classified.message !== '' }).toEqual({ code, hasMessage: true });
});

test.each([
  [sqlError('08P01', 'transaction blocks not allowed in statement pooling mode'), 'target_invalid', 78],
  [sqlError('08P01', 'query_wait_timeout'), 'target_unreachable', 69],
  [sqlError('08P01', 'no more connections allowed (max_client_conn)'), 'target_unreachable', 69],
])('a pooler that says "%s" is %s', (error, code, exitCode) => {
  expect(classify(error)).toMatchObject({ code, exitCode, remedy: expect.stringContaining('pool') });
});

test('rights are asked by what is needed', () => {
  const reading = (message: string) => classifyPostgresError(sqlError('42501', message), { ...names, isReading: true });
  for (const message of ['permission denied for table dim_scene', 'permission denied for schema scene']) {
    expect(reading(message).remedy).toBe(
      'GRANT USAGE ON SCHEMA "scene" TO "loader"; GRANT SELECT ON ALL TABLES IN SCHEMA "scene" TO "loader"; ' +
        'REVOKE ALL ON "scene"."scene_refresh_token" FROM "loader"',
    );
  }
  expect(reading('permission denied for table scene_refresh_token').remedy).not.toContain('REVOKE');
});

test('an error that is classified already stays as it is', () => {
  const error = new ScenedimError('stale_heads', 'changed');
  expect(classify(error)).toBe(error);
});

test.each([
  [
    'permission denied for database shop',
    'CREATE SCHEMA "scene" AUTHORIZATION "loader", or GRANT CREATE ON DATABASE "shop" TO "loader"',
  ],
  ['permission denied for schema scene', 'GRANT USAGE, CREATE ON SCHEMA "scene" TO "loader"'],
  [
    'permission denied for table dim_scene',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "scene" TO "loader"',
  ],
  [
    'must be owner of table dim_scene',
    'run it as the owner of the schema, or give its owner the SQL of scenedim migrate --print-sql',
  ],
  ['keine Berechtigung für Schema scene', 'run scenedim check, which names the right that is missing'],
])('"%s" names the grant that is missing', (message, remedy) => {
  expect(classify(sqlError('42501', message)).remedy).toBe(remedy);
});

test.each([
  ['postgres://u:secret@host/db failed', 'postgres://u:[redacted]@host/db failed'],
  ['postgresql://u:se@cr:et@host:5432/db', 'postgresql://u:[redacted]@host:5432/db'],
  ["host=h password='a b' user=u", "host=h password='[redacted]' user=u"],
  [
    'postgres://host/db?user=u&password=secret&sslmode=disable',
    'postgres://host/db?user=u&password=[redacted]&sslmode=disable',
  ],
  ['postgres://host/db', 'postgres://host/db'],
])('%s loses its password', (text, redacted) => {
  expect(redactCredentials(text)).toBe(redacted);
});
