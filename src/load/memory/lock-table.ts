import { ScenedimError } from '../../errors.ts';
import type { Lock, LockScope } from '../loader.ts';

/** The run locks of one target. */
export interface LockTable {
  /** Null when somebody holds what `scope` excludes. */
  acquire(scope: LockScope, holder: object): Lock | null;
  /** Takes away every lock of a holder that is gone. */
  dropHolder(holder: object): void;
}

interface Entry {
  readonly scope: LockScope;
  readonly holder: object;
  readonly lost: AbortController;
}

export function createLockTable(): LockTable {
  const held = new Set<Entry>();
  return {
    acquire(scope, holder) {
      for (const entry of held) if (excludes(entry.scope, scope)) return null;
      const entry: Entry = { scope, holder, lost: new AbortController() };
      held.add(entry);
      return {
        lost: entry.lost.signal,
        [Symbol.asyncDispose]: async () => {
          held.delete(entry);
        },
      };
    },
    dropHolder(holder) {
      for (const entry of held) {
        if (entry.holder !== holder) continue;
        held.delete(entry);
        entry.lost.abort(new ScenedimError('lock_lost', 'the loader was closed while it held the lock'));
      }
    },
  };
}

/** True unless both are shards of one count with different numbers. */
function excludes(a: LockScope, b: LockScope): boolean {
  return a.kind === 'exclusive' || b.kind === 'exclusive' || a.count !== b.count || a.index === b.index;
}
