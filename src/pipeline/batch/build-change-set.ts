import { joinChanges } from '../../dimension/version-changes.ts';
import type { ChangeSet, HeadChange, Payload } from '../../load/loader.ts';
import type { RunCounts, RunCountsDelta } from '../../load/run-counts.ts';
import { answersOf, type Batch } from './batch.ts';
import type { PlannedAccount } from './plan-account.ts';

/**
 * Puts the plans of a batch together. Refused accounts count and give no rows; so do those whose
 * log does not change.
 */
export function buildChangeSet(planned: readonly PlannedAccount[], batch: Batch): DraftChangeSet {
  const accepted = planned.filter(({ plan, damage }) => plan.refusal === null && damage === null);
  const logged = accepted.filter(({ plan }) => plan.observations.length > 0);
  const observations = logged.flatMap(({ plan }) => plan.observations);
  const versions = joinChanges(logged.map(({ plan }) => plan.versions));
  const rejects = logged.flatMap(({ plan }) => plan.rejects);
  const duplicate = accepted.reduce((sum, { plan }) => sum + plan.duplicates, 0);
  return {
    changes: {
      ...emptyChanges(),
      payloads: neededPayloads(planned, batch),
      observations,
      rejects,
      heads: logged.flatMap(toHeadChange),
      versions,
    },
    counts: {
      accounts: countOutcomes(planned),
      observations: { recorded: observations.length, duplicate },
      versions: versions.counts,
      rejects: rejects.length,
    },
  };
}

/** A change set that still lacks its run row, and what it counts for. */
export interface DraftChangeSet {
  readonly changes: Omit<ChangeSet, 'run'>;
  readonly counts: RunCountsDelta;
}

function countOutcomes(planned: readonly PlannedAccount[]): Omit<RunCounts['accounts'], 'fresh' | 'unreached'> {
  const counts = { selected: planned.length, changed: 0, unchanged: 0, held: 0, skipped: 0, failed: 0 };
  for (const { outcome } of planned) counts[outcome] += 1;
  return counts;
}

/** The head after a plan, one revision further. */
function toHeadChange({ plan, storedHead }: PlannedAccount): HeadChange[] {
  if (plan.head === null) return [];
  const revision = (storedHead?.revision ?? 0) + 1;
  return [{ before: storedHead, head: { ...plan.head, revision } }];
}

/** A change set that touches nothing but what is given. */
export function emptyChanges(versions: ChangeSet['versions'] = []): Omit<ChangeSet, 'run'> {
  return {
    payloads: [],
    observations: [],
    decisions: [],
    rejects: [],
    removedObservations: [],
    removedPayloads: [],
    heads: [],
    versions,
  };
}

/**
 * The bodies to store, each once: those of the new observations, but not that of the head, which is
 * stored. Where the log was read, also those of repeated observations, because it may have lost
 * them. Of an account that cannot be planned, only the bodies that its log has lost.
 */
function neededPayloads(planned: readonly PlannedAccount[], batch: Batch): Payload[] {
  const needed = new Map<string, Payload>();
  for (const { plan, storedHead, damage, needsBodies, lostBodies } of planned) {
    if (plan.refusal !== null) continue;
    const named = needsBodies ? answersOf(batch, plan.appId) : plan.observations;
    for (const { payloadHash } of named) {
      if (payloadHash === null) continue;
      const isDamaged = lostBodies.get(payloadHash) === 'damaged';
      if (needed.has(payloadHash) && !isDamaged) continue;
      if (payloadHash === storedHead?.lastPayloadHash && !needsBodies) continue;
      if (damage !== null && !lostBodies.has(payloadHash)) continue;
      const payload = batch.payloads.get(payloadHash);
      if (payload === undefined) continue;
      needed.set(payloadHash, isDamaged ? { ...payload, replaces: true } : payload);
    }
  }
  return [...needed.values()];
}
