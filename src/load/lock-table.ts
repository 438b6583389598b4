import { ScenedimError } from '../errors.ts';
import { assertLockScope } from './assert-lock-scope.ts';
import type { Lock, LockScope } from './loader.ts';

/** The run locks of a target that only this process has open: who holds them is kept in memory. */
export class LockTable {
  readonly #held = new Set<HeldLock>();

  /** Null when somebody holds what `scope` excludes. */
  acquire(scope: LockScope, holder: object = this): Lock | null {
    assertLockScope(scope);
    for (const entry of this.#held) if (excludes(entry.scope, scope)) return null;
    const entry: HeldLock = { scope: { ...scope }, holder, lost: new AbortController() };
    this.#held.add(entry);
    return {
      lost: entry.lost.signal,
      [Symbol.asyncDispose]: async () => {
        this.#held.delete(entry);
      },
    };
  }

  /** Takes away every lock of a holder that is gone. */
  dropHolder(holder: object): void {
    for (const entry of this.#held) {
      if (entry.holder !== holder) continue;
      this.#held.delete(entry);
      entry.lost.abort(new ScenedimError('lock_lost', 'the loader was closed while it held the lock'));
    }
  }
}

interface HeldLock {
  readonly scope: LockScope;
  readonly holder: object;
  readonly lost: AbortController;
}

/** True unless both are shards of one count with different numbers. */
function excludes(a: LockScope, b: LockScope): boolean {
  return a.kind === 'exclusive' || b.kind === 'exclusive' || a.count !== b.count || a.index === b.index;
}
