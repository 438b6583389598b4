import type { NormalizedAnswer } from '../normalize/snapshot.ts';
import type { AccountHead } from './account-head.ts';
import type { Observation } from './observation.ts';

/** A head without its revision: what is derived from the log alone. */
export type DerivedHead = Omit<AccountHead, 'revision'>;

/** The head after one more observation, which is the newest so far. `answer` is what its payload says. */
export function advanceHead(
  head: DerivedHead | null,
  observation: Observation,
  answer: NormalizedAnswer | undefined,
): DerivedHead {
  const { appId, observedAt, status } = observation;
  const isOk = status === 'ok';
  return {
    appId,
    lastOkAt: isOk ? observedAt : (head?.lastOkAt ?? null),
    lastObservedAt: status === 'failed' ? (head?.lastObservedAt ?? null) : observedAt,
    lastPayloadHash: isOk ? observation.payloadHash : (head?.lastPayloadHash ?? null),
    lastAttemptAt: observedAt,
    lastErrorCode: observation.errorCode,
    removalsSuspendedSince: isOk ? suspendedSince(head, observation, answer) : (head?.removalsSuspendedSince ?? null),
  };
}

function suspendedSince(head: DerivedHead | null, observation: Observation, answer: NormalizedAnswer | undefined) {
  const isSuspended = answer?.kind === 'snapshot' && answer.absencesUnknown;
  return isSuspended ? (head?.removalsSuspendedSince ?? observation.observedAt) : null;
}

/** True when two heads say the same, revisions aside. */
export function isSameHead(a: DerivedHead, b: DerivedHead): boolean {
  return (
    a.appId === b.appId &&
    a.lastOkAt === b.lastOkAt &&
    a.lastObservedAt === b.lastObservedAt &&
    a.lastPayloadHash === b.lastPayloadHash &&
    a.lastAttemptAt === b.lastAttemptAt &&
    a.lastErrorCode === b.lastErrorCode &&
    a.removalsSuspendedSince === b.removalsSuspendedSince
  );
}
