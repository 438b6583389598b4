import * as z from 'zod';
import { autoMigrate, parseSection, refuseFlaw } from '../parse-section.ts';
import { schemaSetting, shownText, sqlName } from '../postgres-sql/schema-setting.ts';

/**
 * The `target` section of type `postgres`.
 *
 * `url` is a connection string of libpq. What it leaves out comes from the service that it or PGSERVICE names, then from the
 * PG* variables and `~/.pgpass`, as does everything without `url`. Several hosts are tried in order. A parameter that is not
 * supported is refused by name. `passwordFile` wins over any other password.
 *
 * sslmode: `disable`; `allow` and `prefer` as in libpq; `no-verify` (TLS, any certificate); `require`, `verify-ca` and
 * `verify-full` all check certificate and host name. With `uselibpqcompat=true` they mean what they mean to psql. Without
 * sslmode there is no TLS, unless a certificate file is named.
 */
export const postgresSection = z.strictObject({
  type: z.literal('postgres').describe('A PostgreSQL server.'),
  url: z
    .string()
    .regex(/^(?:postgres(?:ql)?:\/\/|socket:|\/)/, {
      error: 'must start with postgres:// or postgresql://',
      abort: true,
    })
    .superRefine(refuseFlaw)
    .optional()
    .describe(
      'postgres://user@host:5432/database?sslmode=verify-full; what it leaves out comes from PGHOST, PGPASSWORD, … and ~/.pgpass.',
    ),
  passwordFile: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the password and nothing else; read for each connection. Relative to the config file.'),
  schema: schemaSetting,
  readers: z.array(sqlName).default([]).describe('Roles that may read views and dimension.'),
  applicationName: shownText.optional().describe('What pg_stat_activity shows; default scenedim.'),
  autoMigrate,
});

/** What a loader needs of a `target` section of type `postgres`. */
export interface PostgresConfig {
  readonly url?: string | undefined;
  /** Path of a file, see `readMountedPassword`. */
  readonly passwordFile?: string | undefined;
  readonly schema: string;
  readonly readers: readonly string[];
  /** Without it the url or PGAPPNAME decides, else `scenedim`. */
  readonly applicationName?: string | undefined;
}

/** Checks a `target` section of type `postgres`. */
export function parsePostgresConfig(value: unknown): PostgresConfig {
  const config = parseSection(postgresSection, value);
  return { ...config, readers: [...new Set(config.readers)] };
}
