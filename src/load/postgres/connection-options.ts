import pg from 'pg';
import { ScenedimError } from '../../errors.ts';
import type { TargetNames } from '../postgres-sql/classify-sql-error.ts';
import { classifyPostgresError } from './classify-error.ts';
import type { PostgresConfig } from './postgres-config.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const KEEPALIVE_AFTER_MS = 10_000;

/** How every connection to the target is made, and what it is called for people. */
export interface ConnectionOptions {
  readonly client: pg.ClientConfig;
  readonly names: TargetNames;
  /** Host, port, database and schema, without user and password. */
  readonly description: string;
}

/** Works out where the config and the environment lead, without connecting; files that the url names are read. */
export function connectionOptions(config: PostgresConfig): ConnectionOptions {
  const client: pg.ClientConfig = {
    ...(config.url === undefined ? {} : { connectionString: strictSslMode(config.url) }),
    ...(config.applicationName === undefined ? {} : { application_name: config.applicationName }),
    fallback_application_name: 'scenedim',
    connectionTimeoutMillis: connectTimeoutMs(config.url),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
  };
  const unknown = { schema: config.schema, database: '', user: '' };
  try {
    const { host, port, database, user } = new pg.Client(client);
    assertPlain(host, database);
    const names = { schema: config.schema, database: database ?? '', user: user ?? '' };
    return { client, names, description: `postgres ${host}:${port}/${names.database}, schema ${config.schema}` };
  } catch (error) {
    if (error instanceof ScenedimError) throw error;
    const { message, remedy } = classifyPostgresError(error, unknown);
    throw new ScenedimError('config_invalid', `target.url: ${message}`, {
      remedy:
        remedy ??
        'write it like postgres://user@host:5432/database?sslmode=verify-full, and percent-encode a password in it',
      cause: error,
    });
  }
}

/**
 * `pg` 8 checks certificate and host name for each of these modes, and warns at length that 9 will not. Saying `verify-full`
 * keeps both the checks and stderr as they are.
 */
export function strictSslMode(url: string): string {
  if (/[?&]uselibpqcompat=true(&|$)/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/g, '$1verify-full');
}

/** libpq's connect_timeout in seconds, from the url or PGCONNECT_TIMEOUT, which `pg` does not look at; default 10 seconds. */
function connectTimeoutMs(url: string | undefined): number {
  const named = url === undefined ? undefined : /[?&]connect_timeout=(\d+)/.exec(url)?.[1];
  const seconds = Number(named ?? process.env['PGCONNECT_TIMEOUT']);
  return Number.isInteger(seconds) && seconds > 0 ? seconds * 1_000 : CONNECT_TIMEOUT_MS;
}

/** Refuses what can only be a URL, or a part of one with its password, in place of a host or a database. */
function assertPlain(host: string, database: string | undefined): void {
  if (!/[@#?\s]|:\/\//.test(host) && !(database ?? '').includes('://')) return;
  throw new ScenedimError(
    'config_invalid',
    'PGHOST, PGDATABASE or target.url: a URL stands where a host or a database should',
    {
      remedy:
        'write a whole URL into target.url, with its password percent-encoded, and only names into PGHOST and PGDATABASE',
    },
  );
}
