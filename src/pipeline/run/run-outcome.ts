import { errorCodes, type ScenedimError } from '../../errors.ts';
import type { RunOutcome } from '../../load/loader.ts';
import type { RunCounts } from '../../load/run-counts.ts';

/** The outcome word of a run that came to its end. */
export function outcomeOf(counts: RunCounts, facts: RunFacts, isInterrupted: boolean): RunOutcome {
  const { failed, held } = counts.accounts;
  if (isBroken(facts)) return 'failed';
  if (failed > 0 && failed === attempted(counts)) return 'failed';
  if (isNothingReadable(counts, facts)) return 'failed';
  if (failed > 0 || isInterrupted || facts.stoppedBy !== null) return 'partial';
  if (held > 0 || facts.isRosterRefused) return 'refused';
  return hasChanges(counts) ? 'ok' : 'nothing_changed';
}

/** The exit status of a run that came to its end: the first that applies. */
export function exitCodeOf(counts: RunCounts, facts: RunFacts): number {
  if (isBroken(facts)) return facts.stoppedBy.exitCode;
  if (counts.accounts.failed > 0) {
    const asked = attempted(counts);
    if (facts.misconfigured === asked) return errorCodes.config_invalid.exitCode;
    if (facts.credentialsRefused === asked || isNothingReadable(counts, facts))
      return errorCodes.credentials_refused.exitCode;
    if (facts.unreachable === asked) return errorCodes.source_unreachable.exitCode;
    return errorCodes.source_failed.exitCode;
  }
  if (isNothingReadable(counts, facts)) return errorCodes.credentials_refused.exitCode;
  if (facts.stoppedBy !== null) return facts.stoppedBy.exitCode;
  return counts.accounts.held > 0 || facts.isRosterRefused ? errorCodes.data_refused.exitCode : 0;
}

/** True when a run changed a row of the dimension. */
function hasChanges({ versions }: RunCounts): boolean {
  return Object.values(versions).some((count) => count > 0);
}

/** What a run learned that its counts do not tell. */
export interface RunFacts {
  /** Accounts that failed because their credentials were refused. */
  readonly credentialsRefused: number;
  /** Of these, accounts whose settings are at fault: a variable that is not set, a missing file, an IP whitelist. */
  readonly misconfigured: number;
  /** Accounts that failed because nothing answered. */
  readonly unreachable: number;
  /** Selected accounts of which no earlier run got an answer. */
  readonly neverRead: number;
  /** Whether the list of a platform was not believed, because it lost most of its accounts. */
  readonly isRosterRefused: boolean;
  /** Why not every account was asked: a failure that concerns all (an unknown IP, WeChat is down), or the time was over. */
  readonly stoppedBy: ScenedimError | null;
}

export const noFacts: RunFacts = {
  credentialsRefused: 0,
  misconfigured: 0,
  unreachable: 0,
  neverRead: 0,
  isRosterRefused: false,
  stoppedBy: null,
};

/** True when something stopped the run that concerns every account; being out of time does not. */
function isBroken(facts: RunFacts): facts is RunFacts & { readonly stoppedBy: ScenedimError } {
  return facts.stoppedBy !== null && facts.stoppedBy.code !== 'out_of_time';
}

/** True when WeChat refused every account, or called it unavailable, and none was ever read: nothing works yet. */
function isNothingReadable(counts: RunCounts, facts: RunFacts): boolean {
  const asked = attempted(counts);
  const { selected, skipped } = counts.accounts;
  return asked > 0 && skipped + facts.credentialsRefused === asked && facts.neverRead === selected;
}

function attempted({ accounts }: RunCounts): number {
  return accounts.selected - accounts.fresh - accounts.unreached;
}
