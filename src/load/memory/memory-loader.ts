import { compareCodePoints } from '../../compare-code-points.ts';
import { ScenedimError } from '../../errors.ts';
import type { AccountRows } from '../account-rows.ts';
import type { AccountQuery, Loader, PayloadSize } from '../loader.ts';
import type { LoaderFactory } from '../loader-factory.ts';
import { databaseLimits } from '../loader-limits.ts';
import { migratedMeta } from '../migrated-meta.ts';
import { orderObservations, orderVersions } from '../row-order.ts';
import { schemaFinding } from '../schema-version.ts';
import { createVersionFilter } from '../version-filter.ts';
import { createMemoryPlatformStores } from './memory-platform-stores.ts';
import type { MemoryTarget } from './memory-target.ts';
import { applyToMemory, createMemoryTarget } from './memory-target.ts';

/** A target in memory has no tables, so its schema never changes. */
const SCHEMA_VERSION = 1;

/**
 * A loader whose target is in memory: for tests, examples, and a PGlite that is not there yet. It
 * keeps every rule of the port. Loaders that are given the same `target` are clients of one
 * warehouse. Default: a new one.
 */
export function createMemoryLoader(target: MemoryTarget = createMemoryTarget()): Loader {
  const client = new MemoryClient(target);
  return {
    kind: 'memory',
    description: 'memory of this process',
    limits: databaseLimits,
    schemaVersion: SCHEMA_VERSION,
    migrationSql: () => '-- a target in memory has no schema\n',

    async check(signal) {
      client.enter(signal);
      return [schemaFinding(target.meta, SCHEMA_VERSION)];
    },
    async readMeta(signal) {
      client.enter(signal);
      return target.meta;
    },
    async migrate(options, signal) {
      client.enter(signal);
      const fromVersion = target.meta?.schemaVersion ?? null;
      target.meta = migratedMeta(target.meta, SCHEMA_VERSION, options);
      return { fromVersion, toVersion: SCHEMA_VERSION, applied: [] };
    },
    async writeMeta(meta, signal) {
      client.enterSchema(signal);
      target.meta = { ...meta };
    },
    async acquireLock(scope, signal) {
      client.enter(signal);
      return target.locks.acquire(scope, client);
    },
    readHeads: (query, signal) => client.rowsOf(query, signal, ({ head }) => (head === null ? [] : [head])),
    readVersions: (query, signal) => {
      const isAsked = createVersionFilter(query);
      return client.rowsOf(query, signal, ({ versions }) => orderVersions(versions.values().filter(isAsked)));
    },
    readObservations: (query, signal) =>
      client.rowsOf(query, signal, ({ observations }) =>
        orderObservations(observations.values()).filter((row) => query.notedOnly !== true || row.decisionNote !== null),
      ),
    async readPayloads(payloadHashes, signal) {
      client.enterSchema(signal);
      return copiesOf(target, payloadHashes);
    },
    readPayloadSizes: (signal) => client.payloadSizes(signal),
    ...createMemoryPlatformStores(target, (signal) => client.enterSchema(signal)),
    readsBesideApply: () => true,
    async apply(changeSet, signal) {
      client.enterSchema(signal);
      applyToMemory(target, changeSet);
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

/** Copies, so that whoever reads a body cannot change what is stored. */
function copiesOf({ payloads }: MemoryTarget, payloadHashes: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const hash of payloadHashes) {
    const body = payloads.get(hash);
    if (body !== undefined) found.set(hash, Uint8Array.from(body));
  }
  return found;
}

/** Each loader of `target: { type: memory }` has a new, empty target that ends with the process. */
export const memoryLoaderFactory: LoaderFactory<{ readonly type: 'memory' }> = {
  parseConfig(section) {
    const unknown = Object.keys(section ?? {}).find((field) => field !== 'type');
    if (unknown !== undefined) throw new Error(`target.${unknown}: a target in memory has no such setting`);
    return { type: 'memory' };
  },
  create: async () => createMemoryLoader(),
};

/** What one loader may do with a target that others may share. */
class MemoryClient {
  readonly #target: MemoryTarget;
  #isClosed = false;

  constructor(target: MemoryTarget) {
    this.#target = target;
  }

  enter(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.#isClosed) throw new ScenedimError('internal', 'the memory loader is used after it was closed');
  }

  enterSchema(signal: AbortSignal): void {
    this.enter(signal);
    if (this.#target.meta === null) {
      throw new ScenedimError('schema_outdated', 'the target in memory holds no schema yet', { remedy: 'migrate it' });
    }
  }

  async *payloadSizes(signal: AbortSignal): AsyncGenerator<PayloadSize> {
    this.enterSchema(signal);
    for (const [payloadHash, { byteLength }] of [...this.#target.payloads]) {
      signal.throwIfAborted();
      yield { payloadHash, byteLength };
    }
  }

  async *rowsOf<Row>(
    query: AccountQuery,
    signal: AbortSignal,
    select: (rows: AccountRows) => Iterable<Row>,
  ): AsyncGenerator<Row> {
    this.enterSchema(signal);
    // What is stored of an account is replaced, never changed: these references are one state for good.
    for (const rows of accountsOf(this.#target, query)) {
      for (const row of select(rows)) {
        signal.throwIfAborted();
        yield row;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#target.locks.dropHolder(this);
  }
}

function accountsOf({ accounts }: MemoryTarget, { appIds }: AccountQuery): AccountRows[] {
  const asked = appIds === undefined ? [...accounts.keys()] : [...new Set(appIds)];
  return asked.sort(compareCodePoints).flatMap((appId) => accounts.get(appId) ?? []);
}
