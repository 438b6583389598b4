import { errorCodes, type ScenedimError } from '../../errors.ts';
import type { RunOutcome } from '../../load/loader.ts';
import type { RunCounts } from '../../load/run-counts.ts';

/** The outcome word of a run that came to its end. */
export function outcomeOf(counts: RunCounts, facts: RunFacts, isInterrupted: boolean): RunOutcome {
  const { failed, held } = counts.accounts;
  if (facts.stoppedBy !== null) return 'failed';
  if (failed > 0 && failed === attempted(counts)) return 'failed';
  if (failed > 0 || isInterrupted) return 'partial';
  if (held > 0) return 'refused';
  return hasChanges(counts) ? 'ok' : 'nothing_changed';
}

/** The exit status of a run that came to its end: the first that applies. */
export function exitCodeOf(counts: RunCounts, facts: RunFacts): number {
  if (facts.stoppedBy !== null) return facts.stoppedBy.exitCode;
  if (counts.accounts.failed > 0) {
    const asked = attempted(counts);
    if (facts.credentialsUnusable === asked) return errorCodes.config_invalid.exitCode;
    if (facts.credentialsRefused === asked) return errorCodes.credentials_refused.exitCode;
    if (facts.unreachable === asked) return errorCodes.source_unreachable.exitCode;
    return errorCodes.source_failed.exitCode;
  }
  return counts.accounts.held > 0 ? errorCodes.data_refused.exitCode : 0;
}

/** True when a run changed a row of the dimension. */
export function hasChanges({ versions }: RunCounts): boolean {
  return Object.values(versions).some((count) => count > 0);
}

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

export const noFacts: RunFacts = { credentialsRefused: 0, credentialsUnusable: 0, unreachable: 0, stoppedBy: null };

function attempted({ accounts }: RunCounts): number {
  return accounts.selected - accounts.fresh;
}
