import type { Loader, LoaderFactory, Lock } from '../loader.ts';
import { createSqlLoader } from '../postgres-sql/sql-loader.ts';
import { connectionOptions } from './connection-options.ts';
import { type PostgresConfig, parsePostgresConfig } from './postgres-config.ts';
import { acquirePostgresLock } from './postgres-lock.ts';
import { PostgresTarget } from './postgres-target.ts';

/** A loader for a PostgreSQL server, 14 or newer. Connects when it is first used; a bad url or certificate file is refused here. */
export async function createPostgresLoader(config: PostgresConfig): Promise<Loader> {
  const options = connectionOptions(config);
  const target = new PostgresTarget(config, options);
  return createSqlLoader(target, async (scope, signal) => {
    const lock = await acquirePostgresLock(options, scope, signal);
    if (lock !== null) await assertSecondConnection(target, lock, signal);
    return lock;
  });
}

/** The lock keeps a connection for itself. A pooler that gives no other one would let all that follows wait. */
async function assertSecondConnection(target: PostgresTarget, lock: Lock, signal: AbortSignal): Promise<void> {
  try {
    await target.assertAnswers(signal);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** `target.type: postgres`. */
export const postgresLoaderFactory: LoaderFactory<PostgresConfig> = {
  parseConfig: parsePostgresConfig,
  create: (config) => createPostgresLoader(config),
};
