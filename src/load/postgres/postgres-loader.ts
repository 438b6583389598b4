import type { Loader, LoaderFactory } from '../loader.ts';
import { createSqlLoader } from '../postgres-sql/sql-loader.ts';
import { connectionOptions } from './connection-options.ts';
import { type PostgresConfig, parsePostgresConfig } from './postgres-config.ts';
import { acquirePostgresLock } from './postgres-lock.ts';
import { PostgresTarget } from './postgres-target.ts';

/** A loader for a PostgreSQL server, 14 or newer. Connects when it is first used; a bad url or certificate file is refused here. */
export async function createPostgresLoader(config: PostgresConfig): Promise<Loader> {
  const options = connectionOptions(config);
  const target = new PostgresTarget(config, options);
  return createSqlLoader(target, (scope, signal) => acquirePostgresLock(options, scope, signal));
}

/** `target.type: postgres`. */
export const postgresLoaderFactory: LoaderFactory<PostgresConfig> = {
  parseConfig: parsePostgresConfig,
  create: (config) => createPostgresLoader(config),
};
