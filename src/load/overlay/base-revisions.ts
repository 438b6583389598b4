import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { ScenedimError } from '../../errors.ts';
import type { Loader } from '../loader.ts';

/**
 * The revisions of accounts of `base` that a plan was made from. A plan takes no lock, so a run may write between two reads. An
 * account whose revision is the same before and after was read in one state.
 */
export class BaseRevisions {
  readonly #base: Loader;
  readonly #revisions = new Map<string, number | null>();
  readonly #planned = new Set<string>();

  constructor(base: Loader) {
    this.#base = base;
  }

  /** Passes heads on and notes their revisions; of accounts that are planned already the first one stays. */
  async *note(appIds: readonly string[], heads: AsyncIterable<AccountHead>): AsyncGenerator<AccountHead> {
    const missing = new Set(appIds);
    for await (const head of heads) {
      missing.delete(head.appId);
      this.#set(head.appId, head.revision);
      yield head;
    }
    for (const appId of missing) this.#set(appId, null);
  }

  /** From now on the plan stands on the revisions that were noted. */
  keep(appIds: Iterable<string>): void {
    for (const appId of appIds) this.#planned.add(appId);
  }

  /** Refuses, as `stale_heads`, when one of the accounts has changed since. Accounts without a noted revision pass. */
  async assertSame(appIds: readonly string[], signal: AbortSignal): Promise<void> {
    const noted = [...new Set(appIds)].filter((appId) => this.#revisions.has(appId));
    for (const chunk of chunksOf(noted, this.#base.limits.readAccounts)) {
      const missing = new Set(chunk);
      for await (const { appId, revision } of this.#base.readHeads({ appIds: chunk }, signal)) {
        missing.delete(appId);
        if (this.#revisions.get(appId) !== revision) throw changed(appId);
      }
      const gone = [...missing].find((appId) => this.#revisions.get(appId) !== null);
      if (gone !== undefined) throw changed(gone);
    }
  }

  #set(appId: string, revision: number | null): void {
    if (!this.#planned.has(appId)) this.#revisions.set(appId, revision);
  }
}

function changed(appId: string): ScenedimError {
  return new ScenedimError('stale_heads', `account ${appId} was changed by another run while it was planned`, {
    remedy: 'plan again when that run has ended',
  });
}
