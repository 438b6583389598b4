import type { AccountHead } from './account-head.ts';
import type { IncomingObservation } from './incoming-observation.ts';

/**
 * What must be read to plan an account, from its head alone:
 * - `nothing`: the account is new;
 * - `repeat`: everything is newer than the log and says what the newest ok answer says;
 * - `open_versions`: everything is newer than the log (and the newest ok answer left nothing unknown, else `log`);
 * - `log`: something is late, or is there already.
 */
export type PlanPath = 'nothing' | 'repeat' | 'open_versions' | 'log';

/** Chooses the cheapest path; `incoming` is in order of time. */
export function choosePath(head: AccountHead | null, incoming: readonly IncomingObservation[]): PlanPath {
  if (head === null) return 'nothing';
  const oldest = incoming[0];
  if (oldest === undefined || oldest.observedAt <= head.lastAttemptAt) return 'log';
  if (incoming.every((observation) => cannotChange(head, observation))) return 'repeat';
  return head.lastPayloadHash === null ? 'log' : 'open_versions';
}

function cannotChange(head: AccountHead, { answer, payloadHash, recorded }: IncomingObservation): boolean {
  if (answer.kind === 'failure' || recorded?.status === 'failed' || recorded?.status === 'held') return true;
  return head.lastPayloadHash !== null && payloadHash === head.lastPayloadHash;
}
