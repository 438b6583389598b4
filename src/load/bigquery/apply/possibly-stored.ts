import type { Observation } from '../../../dimension/observation.ts';
import type { ChangeSet } from '../../loader.ts';

/**
 * The observations of a batch that may be stored already. All others are new: their account had no head, or its newest observation
 * is older, and the transaction fails unless both are still so. So the log, which grows with every run, is not read for an
 * account that is new or unchanged.
 */
export function possiblyStoredObservations({
  observations,
  heads,
}: Pick<ChangeSet, 'observations' | 'heads'>): readonly Observation[] {
  const newestByAccount = new Map(heads.map(({ before, head }) => [head.appId, before?.lastAttemptAt ?? null]));
  return observations.filter(({ appId, observedAt }) => {
    const newest = newestByAccount.get(appId);
    return newest === undefined || (newest !== null && observedAt <= newest);
  });
}
