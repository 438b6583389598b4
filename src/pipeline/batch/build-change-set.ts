import type { VersionChange } from '../../dimension/version.ts';
import { countChanges } from '../../dimension/version-changes.ts';
import type { ChangeSet, HeadChange, Payload, RunCounts } from '../../load/loader.ts';
import { toRunCounts } from '../run/run-ledger.ts';
import type { Batch } from './batch.ts';
import type { PlannedAccount } from './plan-account.ts';

/** A change set that still lacks its run row, and what it counts for. */
export interface DraftChangeSet {
  readonly changes: Omit<ChangeSet, 'run'>;
  readonly counts: Partial<RunCounts>;
}

/** Puts the plans of a batch together. Accounts whose log does not change are left out. */
export function buildChangeSet(planned: readonly PlannedAccount[], batch: Batch): DraftChangeSet {
  const logged = planned.filter(({ plan }) => plan.observations.length > 0);
  const observations = logged.flatMap(({ plan }) => plan.observations);
  const versions = logged.flatMap(({ plan }) => plan.versions);
  const rejects = logged.flatMap(({ plan }) => plan.rejects);
  let duplicates = 0;
  for (const { plan } of planned) duplicates += plan.duplicates;
  return {
    changes: {
      payloads: neededPayloads(logged, batch),
      observations,
      decisions: [],
      rejects,
      heads: logged.flatMap(toHeadChange),
      versions,
    },
    counts: {
      ...toRunCounts(countChanges(versions)),
      observationsRecorded: observations.length,
      observationsDuplicate: duplicates,
      rejects: rejects.length,
    },
  };
}

/** The head after a plan, one revision further. */
function toHeadChange({ plan, storedHead }: PlannedAccount): HeadChange[] {
  if (plan.head === null) return [];
  const revision = (storedHead?.revision ?? 0) + 1;
  return [{ before: storedHead, head: { ...plan.head, revision } }];
}

/** A change set that touches nothing but what is given. */
export function emptyChanges(versions: readonly VersionChange[] = []): Omit<ChangeSet, 'run'> {
  return { payloads: [], observations: [], decisions: [], rejects: [], heads: [], versions };
}

/** The bodies of the new observations, each once, without those that are stored for sure. */
function neededPayloads(planned: readonly PlannedAccount[], batch: Batch): Payload[] {
  const needed = new Map<string, Payload>();
  for (const { plan, storedHead } of planned) {
    for (const { payloadHash } of plan.observations) {
      if (payloadHash === null || payloadHash === storedHead?.lastPayloadHash || needed.has(payloadHash)) continue;
      const payload = batch.payloads.get(payloadHash);
      if (payload !== undefined) needed.set(payloadHash, payload);
    }
  }
  return [...needed.values()];
}
