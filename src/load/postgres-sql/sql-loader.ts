import { sql } from 'kysely';
import type { ChangeSet, Loader, Lock, LockScope } from '../loader.ts';
import type { LoaderContext } from '../loader-factory.ts';
import { databaseLimits } from '../loader-limits.ts';
import { listMigrationFiles, migrationLosses } from '../migration-files.ts';
import { applyChangeSet } from './apply/apply-change-set.ts';
import { VersionKey } from './apply/version-key.ts';
import { checkDatabase } from './check-database.ts';
import { readHeads } from './read/read-heads.ts';
import { readObservations } from './read/read-observations.ts';
import { readPayloadSizes, readPayloads } from './read/read-payloads.ts';
import { readVersions } from './read/read-versions.ts';
import { createRefreshTokenStore } from './refresh-token-store.ts';
import { createRosterStore } from './roster-store.ts';
import { readMeta, writeMeta } from './schema/meta.ts';
import { migrateTarget } from './schema/migrate-target.ts';
import { migrationScript, newestSchemaVersion } from './schema/migration-script.ts';
import type { SqlTarget } from './sql-target.ts';
import { createTableReader } from './table-reader.ts';

/** How a target takes the run lock; null when somebody else holds what it excludes. */
export type AcquireLock = (scope: LockScope, signal: AbortSignal) => Promise<Lock | null>;

/** A loader over anything that speaks Postgres: all of the port but connection and lock. Disposing it disposes the target. */
export function createSqlLoader(
  target: SqlTarget,
  acquireLock: AcquireLock,
  onRetry?: LoaderContext['onRetry'],
): Loader {
  const versionKey = new VersionKey(target, onRetry);
  const restoreKey = async (lock: Lock, signal: AbortSignal): Promise<void> => {
    try {
      await versionKey.restoreAfterKill(signal);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  };
  return {
    kind: target.kind,
    description: target.description,
    limits: databaseLimits,
    schemaVersion: newestSchemaVersion(),
    migrationLosses: (version) => migrationLosses(listMigrationFiles('postgres'), version),
    check: (signal) => checkDatabase(target, signal),
    readMeta: (signal) => target.session(readMeta, signal),
    writeMeta: (meta, signal) => target.transaction((session) => writeMeta(session, meta), signal),
    migrate: (options, signal) => migrateTarget(target, options, signal),
    migrationSql: (options) => migrationScript(target.schema, target.readers, options),
    acquireLock: async (scope, signal) => {
      signal.throwIfAborted();
      const lock = await acquireLock(scope, signal);
      if (lock !== null) await restoreKey(lock, signal);
      return lock;
    },
    readHeads: (query, signal) => readHeads(target, query, signal),
    readVersions: (query, signal) => readVersions(target, query, signal),
    readObservations: (query, signal) => readObservations(target, query, signal),
    readPayloads: (hashes, signal) => readPayloads(target, hashes, signal),
    readPayloadSizes: (signal) => readPayloadSizes(target, signal),
    apply: (changeSet: ChangeSet, signal) => applyChangeSet(target, versionKey, changeSet, signal),
    roster: createRosterStore(target),
    refreshTokens: createRefreshTokenStore(target),
    tableReader: createTableReader(target),
    runSql: (statement, signal) =>
      target.transaction(
        async ({ db }) => (await sql.raw<Record<string, unknown>>(statement).execute(db)).rows,
        signal,
      ),
    ...(target.latestTime !== undefined && { latestTime: target.latestTime }),
    ...(target.readsBesideApply !== undefined && { readsBesideApply: target.readsBesideApply }),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}
