import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Version } from '../../dimension/version.ts';
import { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import type { RefreshTokenStore, RosterStore } from '../../platform-stores.ts';
import type {
  AccountQuery,
  ChangeSet,
  Finding,
  Loader,
  Lock,
  LockScope,
  MigrateOptions,
  MigrateResult,
  ObservationQuery,
  PayloadSize,
  TargetMeta,
  VersionQuery,
} from '../loader.ts';
import type { LoaderLimits } from '../loader-limits.ts';
import { migratedMeta } from '../migrated-meta.ts';
import { orderObservations, orderVersions } from '../row-order.ts';
import { createVersionFilter } from '../version-filter.ts';
import { assertApplicable } from './assert-applicable.ts';
import { BaseRevisions } from './base-revisions.ts';
import { layOver } from './lay-over.ts';
import { type OverlayParts, OverlayStore } from './overlay-store.ts';

/**
 * A loader that reads through to `base` but writes only beside it, so that a command runs to its end
 * and changes nothing. What is read of an account is of one state of `base`, else it is `stale_heads`. What is written goes to a temporary file, so memory stays flat. A target
 * without a schema counts as empty after `migrate`. Its locks exclude nobody, because nobody else sees
 * what it writes. Disposing it leaves `base` open.
 */
export class OverlayLoader implements Loader {
  readonly #base: Loader;
  readonly #store = new OverlayStore();
  readonly #revisions: BaseRevisions;
  /** By run id: number of its newest batch. */
  readonly #batches = new Map<string, number>();
  /** Null while `base` is asked. */
  #ownMeta: TargetMeta | null = null;
  #isBaseEmpty = false;
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** The roster that was written to the overlay; undefined while none was. */
  #ownRoster: ReadonlySet<string> | undefined;
  readonly roster?: RosterStore;
  /**
   * The store of `base`, also for writes: WeChat ends the old token when it gives a new one, so the new
   * one must be kept.
   */
  readonly refreshTokens?: RefreshTokenStore;

  constructor(base: Loader) {
    this.#base = base;
    this.#revisions = new BaseRevisions(base);
    if (base.roster !== undefined) this.roster = this.#rosterOver(base.roster);
    if (base.refreshTokens !== undefined) this.refreshTokens = base.refreshTokens;
  }

  get kind(): string {
    return this.#base.kind;
  }

  get description(): string {
    return this.#base.description;
  }

  get limits(): LoaderLimits {
    return this.#base.limits;
  }

  latestTime(): Micros | null {
    return this.#base.latestTime?.() ?? null;
  }

  get schemaVersion(): number {
    return this.#base.schemaVersion;
  }

  check(signal: AbortSignal): Promise<readonly Finding[]> {
    return this.#base.check(signal);
  }

  async readMeta(signal: AbortSignal): Promise<TargetMeta | null> {
    signal.throwIfAborted();
    return this.#ownMeta ?? (await this.#base.readMeta(signal));
  }

  migrate(options: MigrateOptions, signal: AbortSignal): Promise<MigrateResult> {
    return this.#inTurn(async () => {
      const stored = await this.readMeta(signal);
      const meta = migratedMeta(stored, this.schemaVersion, options);
      this.#ownMeta = meta;
      this.#isBaseEmpty ||= stored === null;
      return { fromVersion: stored?.schemaVersion ?? null, toVersion: meta.schemaVersion, applied: [] };
    });
  }

  migrationSql(options: MigrateOptions): string {
    return this.#base.migrationSql(options);
  }

  writeMeta(meta: TargetMeta, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      await this.#requireMeta(signal);
      this.#ownMeta = { ...meta };
    });
  }

  async acquireLock(_scope: LockScope, signal: AbortSignal): Promise<Lock> {
    signal.throwIfAborted();
    return { lost: new AbortController().signal, [Symbol.asyncDispose]: async () => undefined };
  }

  readHeads(query: AccountQuery, signal: AbortSignal): AsyncIterable<AccountHead> {
    const { appIds } = query;
    const heads = () => this.#base.readHeads(query, signal);
    const stored = appIds === undefined ? heads : () => this.#revisions.note(appIds, heads());
    return this.#read('head', appIds, signal, stored, (_, changes) => changes.slice(-1));
  }

  readVersions(query: VersionQuery, signal: AbortSignal): AsyncIterable<Version> {
    const stored = () => this.#unchanged(accountsIn(query), this.#base.readVersions(query, signal), signal);
    const merge = (rows: readonly Version[], changes: readonly OverlayParts['versions'][]) =>
      mergeVersions(rows, changes, query);
    return this.#read('versions', accountsIn(query), signal, stored, merge);
  }

  async *readObservations(query: ObservationQuery, signal: AbortSignal): AsyncGenerator<Observation> {
    const { notedOnly, ...asked } = query;
    const stored = () => this.#unchanged(query.appIds, this.#base.readObservations(asked, signal), signal);
    for await (const row of this.#read('observations', query.appIds, signal, stored, mergeObservations)) {
      if (notedOnly !== true || row.decisionNote !== null) yield row;
    }
  }

  async readPayloads(payloadHashes: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    signal.throwIfAborted();
    const found = new Map<string, Uint8Array>();
    const others: string[] = [];
    for (const hash of payloadHashes) {
      const body = this.#store.readPayload(hash);
      if (body === undefined) others.push(hash);
      else if (body !== null) found.set(hash, body);
    }
    if (others.length === 0 || this.#isBaseEmpty) return found;
    for (const [hash, body] of await this.#base.readPayloads(others, signal)) found.set(hash, body);
    return found;
  }

  async *readPayloadSizes(signal: AbortSignal): AsyncGenerator<PayloadSize> {
    signal.throwIfAborted();
    const own = this.#store.payloadSizes();
    const stored = this.#isBaseEmpty ? noRows : this.#base.readPayloadSizes(signal);
    for await (const size of stored) if (!own.has(size.payloadHash)) yield size;
    for (const [payloadHash, byteLength] of own) if (byteLength !== null) yield { payloadHash, byteLength };
  }

  apply(changeSet: ChangeSet, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      await this.#requireMeta(signal);
      const { runId, batches: batch } = changeSet.run;
      if ((this.#batches.get(runId) ?? -1) >= batch) return;
      const accounts = await assertApplicable(this, changeSet, signal);
      const appIds = accounts.map(({ appId }) => appId);
      if (!this.#isBaseEmpty) await this.#revisions.assertSame(appIds, signal);
      await this.#assertBodies(changeSet.removedPayloads, signal);
      signal.throwIfAborted();
      this.#store.append(accounts, changeSet);
      this.#revisions.keep(appIds);
      this.#batches.set(runId, batch);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastTurn;
    this.#store[Symbol.dispose]();
  }

  #rosterOver(base: RosterStore): RosterStore {
    return {
      read: (signal) => this.#readRoster(base, signal),
      write: (appIds, _listedAt, signal) =>
        this.#inTurn(async () => {
          await this.#requireMeta(signal);
          this.#ownRoster = new Set(appIds);
        }),
    };
  }

  async *#readRoster(base: RosterStore, signal: AbortSignal): AsyncGenerator<string> {
    await this.#requireMeta(signal);
    const stored = this.#isBaseEmpty ? [] : base.read(signal);
    for await (const appId of this.#ownRoster ?? stored) {
      signal.throwIfAborted();
      yield appId;
    }
  }

  /** Runs writes one after the other: each looks at what is stored, waits for it, and then writes. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastTurn.then(work);
    this.#lastTurn = result.catch(() => undefined);
    return result;
  }

  async #assertBodies(payloadHashes: readonly string[], signal: AbortSignal): Promise<void> {
    for (const hashes of chunksOf(payloadHashes, this.limits.readPayloads)) {
      const bodies = await this.readPayloads(hashes, signal);
      const missing = hashes.find((hash) => !bodies.has(hash));
      if (missing !== undefined) throw new ScenedimError('stale_heads', `the body ${missing} is not stored`);
    }
  }

  async #requireMeta(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#ownMeta ??= await this.readMeta(signal);
    if (this.#ownMeta === null)
      throw new ScenedimError('schema_outdated', 'the target holds no schema yet', { remedy: 'migrate it' });
  }

  /** The rows of some accounts, after whose last one it is certain that no run wrote since the heads were read. */
  async *#unchanged<Row>(
    appIds: readonly string[] | undefined,
    rows: AsyncIterable<Row>,
    signal: AbortSignal,
  ): AsyncGenerator<Row> {
    yield* rows;
    if (appIds !== undefined) await this.#revisions.assertSame(appIds, signal);
  }

  async *#read<Row extends { readonly appId: string }, Name extends keyof OverlayParts>(
    part: Name,
    appIds: readonly string[] | undefined,
    signal: AbortSignal,
    stored: () => AsyncIterable<Row>,
    merge: (stored: readonly Row[], changes: readonly OverlayParts[Name][]) => Iterable<Row>,
  ): AsyncGenerator<Row> {
    signal.throwIfAborted();
    const touched = this.#store.read(part, appIds);
    for await (const row of layOver(this.#isBaseEmpty ? noRows : stored(), touched, merge)) {
      signal.throwIfAborted();
      yield row;
    }
  }
}

/** The accounts that a query can be about; undefined for all. Others need not be decoded. */
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
  return orderVersions([...kept, ...added.filter(createVersionFilter(query))]);
}

function mergeObservations(
  stored: readonly Observation[],
  changes: readonly OverlayParts['observations'][],
): Iterable<Observation> {
  const rows = new Map<Micros, Observation>(stored.map((observation) => [observation.observedAt, observation]));
  for (const { added, decisions, removed } of changes) {
    for (const observation of added) rows.set(observation.observedAt, observation);
    for (const decision of decisions) {
      const observation = rows.get(decision.observedAt);
      if (observation !== undefined) rows.set(decision.observedAt, { ...observation, ...decision });
    }
    for (const observedAt of removed) rows.delete(observedAt);
  }
  return orderObservations(rows.values());
}
