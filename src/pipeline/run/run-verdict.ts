import { errorCodes, type ScenedimError } from '../../errors.ts';
import type { RunCounts, RunOutcome } from '../../load/loader.ts';
import { hasChanges } from './run.ts';

/** What a run learned that its counts do not tell. */
export interface RunFacts {
  /** Accounts that failed because their credentials were refused. */
  readonly credentialsRefused: number;
  /** Of these, the accounts whose credentials could not even be read: a variable that is not set, a missing file. */
  readonly credentialsUnusable: number;
  /** Accounts that failed because nothing answered. */
  readonly unreachable: number;
  /** A failure that concerns every account, e.g. an IP that is not in the whitelist. */
  readonly stoppedBy: ScenedimError | null;
}

/** The outcome word of a run that came to its end. */
export function outcomeOf(counts: RunCounts, facts: RunFacts, isInterrupted: boolean): RunOutcome {
  const attempted = counts.accountsSelected - counts.accountsFresh;
  if (facts.stoppedBy !== null) return 'failed';
  if (counts.accountsFailed > 0 && counts.accountsFailed === attempted) return 'failed';
  if (counts.accountsFailed > 0 || isInterrupted) return 'partial';
  if (counts.accountsHeld > 0) return 'refused';
  return hasChanges(counts) ? 'ok' : 'nothing_changed';
}

/** The exit status of a run that came to its end: the first that applies (DESIGN section 4). */
export function exitCodeOf(counts: RunCounts, facts: RunFacts): number {
  const attempted = counts.accountsSelected - counts.accountsFresh;
  if (facts.stoppedBy !== null) return facts.stoppedBy.exitCode;
  if (counts.accountsFailed > 0) {
    if (facts.credentialsUnusable === attempted) return errorCodes.config_invalid.exitCode;
    if (facts.credentialsRefused === attempted) return errorCodes.credentials_refused.exitCode;
    if (facts.unreachable === attempted) return errorCodes.source_unreachable.exitCode;
    return errorCodes.source_failed.exitCode;
  }
  return counts.accountsHeld > 0 ? errorCodes.data_refused.exitCode : 0;
}
