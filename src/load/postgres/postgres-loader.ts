import { resolve } from 'node:path';
import type { Loader } from '../loader.ts';
import type { LoaderContext, LoaderFactory } from '../loader-factory.ts';
import { type AcquireLock, createSqlLoader } from '../postgres-sql/sql-loader.ts';
import { connectionOptions } from './connection-options.ts';
import { Connector } from './connector.ts';
import { type PostgresConfig, parsePostgresConfig } from './postgres-config.ts';
import { acquirePostgresLock } from './postgres-lock.ts';
import { PostgresTarget } from './postgres-target.ts';

/** A loader for a PostgreSQL server, 14 or newer. Connects when it is first used; a bad url or certificate file is refused here. */
export async function createPostgresLoader(
  config: PostgresConfig,
  { onRetry, onSecret }: Pick<LoaderContext, 'onRetry' | 'onSecret'> = {},
): Promise<Loader> {
  const connector = new Connector(connectionOptions(config, process.env, onSecret), onRetry);
  const target = new PostgresTarget(config, connector);
  const acquireLock: AcquireLock = async (scope, signal) => {
    const lock = await acquirePostgresLock(connector, scope, signal);
    if (lock === null) return null;
    try {
      // The lock keeps a connection for itself. A pooler that gives no other one would let all that follows wait.
      await target.assertAnswers(signal);
      // A shard leaves connections to the others.
      target.mayTakeThird = scope.kind === 'exclusive' && (await target.hasRoomForThird(signal));
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
    return lock;
  };
  return createSqlLoader(target, acquireLock, onRetry);
}

/** `target.type: postgres`. */
export const postgresLoaderFactory: LoaderFactory<PostgresConfig> = {
  parseConfig: parsePostgresConfig,
  create: ({ passwordFile, ...config }, { baseDirectory, ...context }) => {
    const path = passwordFile === undefined ? undefined : resolve(baseDirectory, passwordFile);
    return createPostgresLoader({ ...config, passwordFile: path }, context);
  },
};
