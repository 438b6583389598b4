import type { QueryResult } from 'kysely';
import { ScenedimError } from '../../../errors.ts';

/** Refuses a batch when a statement did not meet all the rows that it was planned against: somebody else changed them. */
export function assertRowCount(result: QueryResult<unknown>, expected: number, what: string): void {
  const found = Number(result.numAffectedRows ?? 0n);
  if (found === expected) return;
  throw new ScenedimError('stale_heads', `${what}: ${found} of ${expected} rows were as they had been read`, {
    remedy: 'run the command again: it reads what another run has written meanwhile',
  });
}
