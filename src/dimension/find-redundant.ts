import type { Micros } from '../instant.ts';
import type { AccountHead } from './account-head.ts';
import type { Observation } from './observation.ts';
import type { Version } from './version.ts';

/**
 * The observations that repeat both their neighbours: of consecutive equal ones all but the first
 * and the last. The dimension and the head are the same without them. Only those before
 * `olderThan`, and none that a stored row names: a damaged row must not lose what it came from.
 */
export function findRedundant({ log, versions, head, olderThan }: LogToCompact): Observation[] {
  const named = namedTimes(versions, head);
  return log.filter((observation, n) => {
    if (observation.observedAt >= olderThan || named.has(observation.observedAt)) return false;
    const content = contentOf(observation);
    return content !== null && content === contentOf(log[n - 1]) && content === contentOf(log[n + 1]);
  });
}

/** What is stored of one account. */
export interface LogToCompact {
  /** All its observations, in order of time. */
  readonly log: readonly Observation[];
  readonly versions: readonly Version[];
  readonly head: AccountHead;
  readonly olderThan: Micros;
}

/** What an observation says; null for what always stays: a held answer, and a decided one. */
function contentOf(observation: Observation | undefined): string | null {
  if (observation === undefined) return null;
  const { status, payloadHash, errorCode, holdReason, decidedAt } = observation;
  if (holdReason !== null || decidedAt !== null) return null;
  if (status === 'ok') return `ok ${payloadHash}`;
  return status === 'failed' ? `failed ${errorCode}` : null;
}

/** When a version was opened or closed, and what the head tells. */
function namedTimes(versions: readonly Version[], head: AccountHead): ReadonlySet<Micros | null> {
  const { lastOkAt, lastObservedAt, lastAttemptAt, removalsSuspendedSince } = head;
  const named = new Set<Micros | null>([lastOkAt, lastObservedAt, lastAttemptAt, removalsSuspendedSince]);
  for (const { firstObservedAt, effectiveTo } of versions) named.add(firstObservedAt).add(effectiveTo);
  return named;
}
