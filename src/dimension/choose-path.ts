import type { AccountHead } from './account-head.ts';
import type { IncomingObservation } from './incoming-observation.ts';

/**
 * What must be read to plan an account, from its head alone:
 * - `nothing`: the account is new;
 * - `repeat`: everything is newer than the log and says what the newest ok answer says;
 * - `open_versions`: everything is newer than the log (and the newest ok answer left nothing unknown, else `log`);
 * - `duplicate`: the one observation is the newest of the log, which is an ok one;
 * - `log`: something is late, or is there already.
 */
export type PlanPath = 'nothing' | 'repeat' | 'open_versions' | 'duplicate' | 'log';

/** Chooses the cheapest path; `incoming` is in order of time. */
export function choosePath(head: AccountHead | null, incoming: readonly IncomingObservation[]): PlanPath {
  if (head === null) return 'nothing';
  const oldest = incoming[0];
  if (incoming.length === 1 && oldest !== undefined && isNewest(head, oldest)) return 'duplicate';
  if (oldest === undefined || oldest.observedAt <= head.lastAttemptAt) return 'log';
  if (incoming.every((observation) => cannotChange(head, observation))) return 'repeat';
  return head.lastPayloadHash === null ? 'log' : 'open_versions';
}

function isNewest(head: AccountHead, { observedAt, payloadHash, recorded }: IncomingObservation): boolean {
  const isSameAnswer = observedAt === head.lastOkAt && payloadHash !== null && payloadHash === head.lastPayloadHash;
  return isSameAnswer && recorded?.status !== 'failed';
}

function cannotChange(head: AccountHead, { answer, payloadHash, recorded }: IncomingObservation): boolean {
  if (answer.kind === 'failure' || recorded?.status === 'failed' || recorded?.status === 'held') return true;
  return head.lastPayloadHash !== null && payloadHash === head.lastPayloadHash;
}
