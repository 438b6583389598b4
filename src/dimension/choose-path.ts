import type { AnswerFailure } from '../normalize/snapshot.ts';
import type { AccountHead } from './account-head.ts';
import type { IncomingObservation } from './observation.ts';

/** Chooses the cheapest path; `incoming` is in order of time. */
export function choosePath(head: AccountHead | null, incoming: readonly ObservationOutline[]): PlanPath {
  if (head === null) return 'nothing';
  const oldest = incoming[0];
  const newest = incoming.at(-1);
  if (newest !== undefined && newest.observedAt <= head.lastAttemptAt) return 'perhaps_stored';
  if (oldest !== undefined && oldest.observedAt <= head.lastAttemptAt) return 'log';
  if (incoming.every((observation) => cannotChange(head, observation))) return 'repeat';
  return head.lastPayloadHash === null ? 'log' : 'open_versions';
}

/**
 * What must be read to plan an account, from its head alone:
 * - `nothing`: the account is new;
 * - `repeat`: all there is, if anything, is newer than the log and says what the newest ok answer
 *   says;
 * - `open_versions`: everything is newer than the log (and the newest ok answer left nothing unknown,
 *   else `log`);
 * - `perhaps_stored`: nothing is newer than the log, so the log may hold all of it already (else `log`);
 * - `log`: something is late.
 */
export type PlanPath = 'nothing' | 'repeat' | 'open_versions' | 'perhaps_stored' | 'log';

/** What must be known of an observation to choose its path; its snapshot need not be. */
export interface ObservationOutline extends Omit<IncomingObservation, 'answer' | 'origin'> {
  /** What it says, when that is no snapshot. */
  readonly failure: AnswerFailure | null;
}

function cannotChange(head: AccountHead, { failure, payloadHash, recorded }: ObservationOutline): boolean {
  if (failure !== null || recorded?.status === 'failed' || recorded?.status === 'held') return true;
  return head.lastPayloadHash !== null && payloadHash === head.lastPayloadHash;
}
