import { z } from 'zod';
import { parseSection } from '../parse-section.ts';
import { assertSchemaName } from '../postgres-sql/schema-name.ts';

const section = z.strictObject({
  type: z.literal('postgres'),
  autoMigrate: z.boolean().optional(),
  url: z.string().min(1).optional(),
  schema: z.string().default('scene'),
  readers: z.array(z.string().min(1)).default([]),
  applicationName: z.string().min(1).optional(),
});

/**
 * The `target` section of type `postgres`.
 *
 * `url` is a connection string as `pg` takes it: host or `?host=/socket/folder`, port, database, user, password, `options`,
 * `application_name`, `connect_timeout`, and for TLS `sslmode`, `sslrootcert`, `sslcert`, `sslkey` (files), `sslnegotiation`.
 * What it leaves out comes from the PG* environment variables and `~/.pgpass`, as does everything without `url`.
 *
 * sslmode as `pg` 8 means it: `disable`; `no-verify` (TLS, any certificate); `prefer`, `require`, `verify-ca` and `verify-full`
 * all check certificate and host name. With `uselibpqcompat=true` they mean what they mean to psql, except that `prefer` never
 * falls back to plain text.
 */
export interface PostgresConfig {
  readonly url: string | undefined;
  /** Default `scene`. */
  readonly schema: string;
  /** Roles that get SELECT on the views and the dimension. Default none. */
  readonly readers: readonly string[];
  /** What pg_stat_activity shows. Default: from the url or PGAPPNAME, else `scenedim`. */
  readonly applicationName: string | undefined;
}

/** Checks a `target` section of type `postgres`. */
export function parsePostgresConfig(value: unknown): PostgresConfig {
  const { url, schema, readers, applicationName } = parseSection(section, value);
  assertSchemaName(schema);
  return { url, schema, readers: [...new Set(readers)], applicationName };
}
