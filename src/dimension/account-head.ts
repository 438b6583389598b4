import type { Micros } from '../instant.ts';
import type { NormalizedAnswer } from '../normalize/snapshot.ts';
import type { Observation } from './observation.ts';

/**
 * One row of `scene_account`: what the log of an account amounts to. Everything but `revision` is
 * derived from the log.
 */
export interface AccountHead {
  readonly appId: string;
  /** Grows by one with every batch that changes the account's log; 1 after the first. */
  readonly revision: number;
  /** Newest ok observation. */
  readonly lastOkAt: Micros | null;
  /** Newest ok or held observation. */
  readonly lastObservedAt: Micros | null;
  /** Payload of the newest ok observation. */
  readonly lastPayloadHash: string | null;
  /** Newest observation of any status. */
  readonly lastAttemptAt: Micros;
  /** Error code of the newest observation when that one failed, else null. */
  readonly lastErrorCode: string | null;
  /** Error message of the newest observation when that one failed and said something, else null. */
  readonly lastErrorMessage: string | null;
  /** While the newest ok answer held a row without a key: since which observation that has been so. */
  readonly removalsSuspendedSince: Micros | null;
}

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
    lastErrorMessage: observation.errorMessage,
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
    a.lastErrorMessage === b.lastErrorMessage &&
    a.removalsSuspendedSince === b.removalsSuspendedSince
  );
}
