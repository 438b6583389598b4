import { compareCodePoints } from '../../compare-code-points.ts';
import { ScenedimError } from '../../errors.ts';
import type { AccountRows } from '../account-rows.ts';
import type { AccountQuery, Loader } from '../loader.ts';
import { databaseLimits } from '../loader.ts';
import { orderObservations, orderVersions } from '../row-order.ts';
import { createVersionFilter } from '../version-filter.ts';
import { checkMemory, MEMORY_SCHEMA_VERSION, memoryMigrationSql, migrateMemory } from './memory-schema.ts';
import type { MemoryTarget } from './memory-target.ts';
import { applyToMemory, createMemoryTarget } from './memory-target.ts';

/**
 * A loader whose target is in memory: for tests, examples and dry runs. It keeps every rule of the port. Loaders that are
 * given the same `target` are clients of one warehouse; by default it is a fresh one.
 */
export function createMemoryLoader(target: MemoryTarget = createMemoryTarget()): Loader {
  const holder = {};
  let isClosed = false;

  const enter = (signal: AbortSignal): void => {
    signal.throwIfAborted();
    if (isClosed) throw new ScenedimError('internal', 'the memory loader is used after it was closed');
  };
  const enterSchema = (signal: AbortSignal): void => {
    enter(signal);
    if (target.meta === null) {
      throw new ScenedimError('schema_outdated', 'the target in memory holds no schema yet', { remedy: 'migrate it' });
    }
  };
  async function* rowsOf<Row>(
    query: AccountQuery,
    signal: AbortSignal,
    select: (rows: AccountRows) => Iterable<Row>,
  ): AsyncGenerator<Row> {
    enterSchema(signal);
    // What is stored of an account is replaced, never changed: these references are one state for good.
    for (const rows of accountsOf(target, query)) {
      for (const row of select(rows)) {
        signal.throwIfAborted();
        yield row;
      }
    }
  }

  return {
    kind: 'memory',
    description: 'memory of this process',
    limits: databaseLimits,
    schemaVersion: MEMORY_SCHEMA_VERSION,
    migrationSql: memoryMigrationSql,

    async check(signal) {
      enter(signal);
      return checkMemory(target);
    },
    async readMeta(signal) {
      enter(signal);
      return target.meta;
    },
    async migrate(options, signal) {
      enter(signal);
      return migrateMemory(target, options);
    },
    async writeMeta(meta, signal) {
      enterSchema(signal);
      target.meta = { ...meta };
    },
    async acquireLock(scope, signal) {
      enter(signal);
      return target.locks.acquire(scope, holder);
    },
    readHeads: (query, signal) => rowsOf(query, signal, ({ head }) => (head === null ? [] : [head])),
    readVersions: (query, signal) => {
      const isAsked = createVersionFilter(query);
      return rowsOf(query, signal, ({ versions }) => orderVersions(versions.values().filter(isAsked)));
    },
    readObservations: (query, signal) =>
      rowsOf(query, signal, ({ observations }) => orderObservations(observations.values())),
    async readPayloads(payloadHashes, signal) {
      enterSchema(signal);
      const found = new Map<string, Uint8Array>();
      for (const hash of payloadHashes) {
        const body = target.payloads.get(hash);
        if (body !== undefined) found.set(hash, Uint8Array.from(body));
      }
      return found;
    },
    async apply(changeSet, signal) {
      enterSchema(signal);
      applyToMemory(target, changeSet);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      target.locks.dropHolder(holder);
    },
  };
}

function accountsOf({ accounts }: MemoryTarget, { appIds }: AccountQuery): AccountRows[] {
  const asked = appIds === undefined ? [...accounts.keys()] : [...new Set(appIds)];
  return asked.sort(compareCodePoints).flatMap((appId) => accounts.get(appId) ?? []);
}
