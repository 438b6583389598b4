import type { Observation } from '../../../dimension/observation.ts';
import type { ChangeSet } from '../../loader.ts';

/**
 * The observations of a batch that may be stored already, for all that the batch itself can tell. The others cannot: their account
 * had no head, or one whose newest observation is older, and the transaction fails unless that is still so. So for an unchanged
 * account, and for a new one, nobody has to look into the log, which grows with every run.
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
