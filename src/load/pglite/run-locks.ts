import { assertLockScope } from '../assert-lock-scope.ts';
import type { LockScope } from '../loader.ts';
import type { AcquireLock } from '../postgres-sql/sql-loader.ts';

/** The run lock of a database that only this process has open: who holds it is kept in memory. It is never lost. */
export function createRunLocks(): AcquireLock {
  const held = new Set<LockScope>();
  return async (scope) => {
    assertLockScope(scope);
    for (const other of held) if (excludes(other, scope)) return null;
    const own = { ...scope };
    held.add(own);
    return {
      lost: new AbortController().signal,
      [Symbol.asyncDispose]: async () => {
        held.delete(own);
      },
    };
  };
}

function excludes(a: LockScope, b: LockScope): boolean {
  return a.kind === 'exclusive' || b.kind === 'exclusive' || a.count !== b.count || a.index === b.index;
}
