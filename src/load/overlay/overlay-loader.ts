import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Version } from '../../dimension/version.ts';
import { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import type { ChangeSet, Loader, Lock, TargetMeta, VersionQuery } from '../loader.ts';
import { orderObservations, orderVersions } from '../row-order.ts';
import { createVersionTest } from '../version-filter.ts';
import { assertApplicable } from './assert-applicable.ts';
import { layOver } from './lay-over.ts';
import type { OverlayParts } from './overlay-store.ts';
import { createOverlayStore } from './overlay-store.ts';
import { planMigration } from './planned-meta.ts';

/**
 * A loader that reads through to `base` but writes only beside it, so that a command runs to its end and changes nothing.
 * What is written goes to a temporary file, so memory stays flat. A target without a schema counts as empty after
 * `migrate`. Its locks exclude nobody, because nobody else sees what it writes. Disposing it leaves `base` open.
 */
export function createOverlayLoader(base: Loader): Loader {
  const store = createOverlayStore();
  /** By run id: number of its newest batch. */
  const batches = new Map<string, number>();
  /** Null while `base` is asked. */
  let ownMeta: TargetMeta | null = null;
  let isBaseEmpty = false;
  let lastTurn: Promise<unknown> = Promise.resolve();

  /** Runs writes one after the other: each looks at what is stored, waits for it, and then writes. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = lastTurn.then(work);
    lastTurn = result.catch(() => undefined);
    return result;
  };

  const readMeta = async (signal: AbortSignal): Promise<TargetMeta | null> => {
    signal.throwIfAborted();
    return ownMeta ?? (await base.readMeta(signal));
  };
  const requireMeta = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    ownMeta ??= await readMeta(signal);
    if (ownMeta === null)
      throw new ScenedimError('schema_outdated', 'the target holds no schema yet', { remedy: 'migrate it' });
  };

  async function* read<Row extends { readonly appId: string }, Name extends keyof OverlayParts>(
    part: Name,
    appIds: readonly string[] | undefined,
    signal: AbortSignal,
    stored: () => AsyncIterable<Row>,
    merge: (stored: readonly Row[], changes: readonly OverlayParts[Name][]) => Iterable<Row>,
  ): AsyncGenerator<Row> {
    signal.throwIfAborted();
    const touched = store.read(part, appIds, store.lastBatch);
    for await (const row of layOver(isBaseEmpty ? noRows : stored(), touched, merge)) {
      signal.throwIfAborted();
      yield row;
    }
  }

  const loader: Loader = {
    kind: base.kind,
    description: base.description,
    limits: base.limits,
    schemaVersion: base.schemaVersion,
    migrationSql: (options) => base.migrationSql(options),
    check: (signal) => base.check(signal),
    readMeta,

    migrate: (options, signal) =>
      inTurn(async () => {
        const stored = await readMeta(signal);
        const meta = planMigration(stored, base.schemaVersion, options);
        ownMeta = meta;
        isBaseEmpty ||= stored === null;
        return { fromVersion: stored?.schemaVersion ?? null, toVersion: meta.schemaVersion, applied: [] };
      }),
    writeMeta: (meta, signal) =>
      inTurn(async () => {
        await requireMeta(signal);
        ownMeta = { ...meta };
      }),

    async acquireLock(_scope, signal): Promise<Lock> {
      signal.throwIfAborted();
      return { lost: new AbortController().signal, [Symbol.asyncDispose]: async () => undefined };
    },

    readHeads: (query, signal) =>
      read<AccountHead, 'head'>(
        'head',
        query.appIds,
        signal,
        () => base.readHeads(query, signal),
        (_, changes) => changes.slice(-1),
      ),
    readVersions: (query, signal) =>
      read<Version, 'versions'>(
        'versions',
        accountsIn(query),
        signal,
        () => base.readVersions(query, signal),
        (stored, changes) => mergeVersions(stored, changes, query),
      ),
    readObservations: (query, signal) =>
      read<Observation, 'observations'>(
        'observations',
        query.appIds,
        signal,
        () => base.readObservations(query, signal),
        mergeObservations,
      ),

    async readPayloads(payloadHashes, signal) {
      signal.throwIfAborted();
      const found = new Map<string, Uint8Array>();
      const others: string[] = [];
      for (const hash of payloadHashes) {
        const body = store.readPayload(hash);
        if (body === undefined) others.push(hash);
        else found.set(hash, body);
      }
      if (others.length === 0 || isBaseEmpty) return found;
      for (const [hash, body] of await base.readPayloads(others, signal)) found.set(hash, body);
      return found;
    },

    apply: (changeSet: ChangeSet, signal) =>
      inTurn(async () => {
        await requireMeta(signal);
        const { runId, batches: batch } = changeSet.run;
        if ((batches.get(runId) ?? -1) >= batch) return;
        const accounts = await assertApplicable(loader, changeSet, signal);
        signal.throwIfAborted();
        store.append(accounts, changeSet.payloads);
        batches.set(runId, batch);
      }),

    async [Symbol.asyncDispose]() {
      await lastTurn;
      store[Symbol.dispose]();
    },
  };
  return loader;
}

/** The only accounts that a query can be about; undefined for all. Each other one would be decoded in vain. */
function accountsIn({ appIds, scenes }: VersionQuery): readonly string[] | undefined {
  return appIds ?? scenes?.map(({ appId }) => appId);
}

const noRows: AsyncIterable<never> = {
  async *[Symbol.asyncIterator]() {},
};

function mergeVersions(
  stored: readonly Version[],
  changes: readonly OverlayParts['versions'][],
  query: VersionQuery,
): Iterable<Version> {
  const changed = new Map<string, Version | null>(changes.flatMap((rows) => [...rows]));
  const kept = stored.filter(({ versionId }) => !changed.has(versionId));
  const added = [...changed.values()].filter((version) => version !== null);
  return orderVersions([...kept, ...added.filter(createVersionTest(query))]);
}

function mergeObservations(
  stored: readonly Observation[],
  changes: readonly OverlayParts['observations'][],
): Iterable<Observation> {
  const rows = new Map<Micros, Observation>(stored.map((observation) => [observation.observedAt, observation]));
  for (const { added, decisions } of changes) {
    for (const observation of added) rows.set(observation.observedAt, observation);
    for (const { observedAt, status, holdReason, decidedAt } of decisions) {
      const observation = rows.get(observedAt);
      if (observation !== undefined) rows.set(observedAt, { ...observation, status, holdReason, decidedAt });
    }
  }
  return orderObservations(rows.values());
}
