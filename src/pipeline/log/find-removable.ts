import { chunksOfStream } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { findRedundant } from '../../dimension/find-redundant.ts';
import { MICROS_PER_DAY, type Micros } from '../../instant.ts';
import type { HeadChange, Loader, ObservationKey, PayloadSize } from '../../load/loader.ts';
import type { LoaderLimits } from '../../load/loader-limits.ts';
import type { Progress } from '../run/run-context.ts';
import { AccountCursor, firstAccount } from './account-cursor.ts';
import { DiskSet } from './disk-set.ts';

/**
 * What a log can do without, in batches that the target takes at once: observations account by account, then the bodies that
 * no observation names. A killed run has left those. An account without a head stays as it is.
 */
export async function* findRemovable(options: RemovableOptions): AsyncGenerator<RemovableBatch> {
  const { loader, olderThan, signal, onProgress } = options;
  using named = new DiskSet();
  const batch = new RemovableBatchBuilder(loader.limits);
  await using log = new AccountCursor(loader.readObservations({}, signal));
  await using heads = new AccountCursor(loader.readHeads({}, signal));
  await using versions = new AccountCursor(loader.readVersions({}, signal));
  const cursors = [log, heads, versions];
  let done = 0;
  for (let appId = await firstAccount(cursors); appId !== undefined; appId = await firstAccount(cursors)) {
    const observations = await log.take(appId);
    const [head] = await heads.take(appId);
    const rows = await versions.take(appId);
    for (const { payloadHash } of observations) if (payloadHash !== null) named.add(payloadHash);
    // A run takes the body of the newest answer for stored, also when its observation is lost.
    if (head !== undefined && head.lastPayloadHash !== null) named.add(head.lastPayloadHash);
    const account = { log: observations, versions: rows, olderThan };
    yield* batch.add(head, head === undefined ? [] : findRedundant({ ...account, head }));
    done += 1;
    if (done % 100 === 0) onProgress?.({ done, total: null, unit: 'accounts' });
  }
  yield batch.take();
  const unnamed = bodiesBeside(named, loader.readPayloadSizes(signal));
  for await (const bodies of chunksOfStream(unnamed, loader.limits.batchObservations)) {
    yield { observations: [], heads: [], bodies, accounts: { selected: 0, changed: 0 } };
  }
}

export interface RemovableOptions {
  readonly loader: Loader;
  /** Observations of this time and newer ones stay. */
  readonly olderThan: Micros;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What is removed together. */
export interface RemovableBatch {
  readonly observations: readonly ObservationKey[];
  readonly heads: readonly HeadChange[];
  readonly bodies: readonly PayloadSize[];
  /** Accounts that were looked at since the batch before, and those of them whose log gets smaller. */
  readonly accounts: { readonly selected: number; readonly changed: number };
}

async function* bodiesBeside(named: DiskSet, bodies: AsyncIterable<PayloadSize>): AsyncGenerator<PayloadSize> {
  for await (const body of bodies) if (!named.has(body.payloadHash)) yield body;
}

/** Cuts batches, also inside an account: then its head changes with each part. */
class RemovableBatchBuilder {
  readonly #limits: LoaderLimits;
  #collected = nothingCollected();

  constructor(limits: LoaderLimits) {
    this.#limits = limits;
  }

  /** Takes what can be removed of the next account; gives the batches that are full. */
  *add(stored: AccountHead | undefined, removable: readonly ObservationKey[]): Generator<RemovableBatch> {
    this.#collected.accounts.selected += 1;
    if (stored === undefined || removable.length === 0) return;
    this.#collected.accounts.changed += 1;
    let head = stored;
    let isHeadIn = false;
    for (const { appId, observedAt } of removable) {
      if (this.#isFull(isHeadIn)) {
        yield this.take();
        isHeadIn = false;
      }
      const { heads, observations, days } = this.#collected;
      if (!isHeadIn) {
        const before = head;
        head = { ...before, revision: before.revision + 1 };
        heads.push({ before, head });
        isHeadIn = true;
      }
      observations.push({ appId, observedAt });
      days.add(observedAt / MICROS_PER_DAY);
    }
  }

  take(): RemovableBatch {
    const { observations, heads, accounts } = this.#collected;
    this.#collected = nothingCollected();
    return { observations, heads, accounts, bodies: [] };
  }

  #isFull(isHeadIn: boolean): boolean {
    const { observations, heads, days } = this.#collected;
    const { batchObservations, batchAccounts, batchDays } = this.#limits;
    return (
      observations.length >= batchObservations ||
      (!isHeadIn && heads.length >= batchAccounts) ||
      (batchDays !== null && days.size >= batchDays)
    );
  }
}

function nothingCollected() {
  return {
    observations: [] as ObservationKey[],
    heads: [] as HeadChange[],
    days: new Set<bigint>(),
    accounts: { selected: 0, changed: 0 },
  };
}
