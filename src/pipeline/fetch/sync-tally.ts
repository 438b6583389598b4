import type { AccountHead } from '../../dimension/account-head.ts';
import { ScenedimError } from '../../errors.ts';
import { type FetchFailure, isMisconfigured } from '../../extract/scene-source.ts';
import type { Micros } from '../../instant.ts';
import type { AnswerFailure } from '../../normalize/snapshot.ts';
import {
  describeFailure,
  describeLeft,
  describeMalformed,
  describeNotNewer,
  describeShrunkRoster,
  describeStop,
  suspensionOf,
} from '../run/account-problems.ts';
import type { Run } from '../run/run.ts';
import { noFacts, type RunFacts } from '../run/run-outcome.ts';
import type { Problem } from '../run/run-report.ts';

/** What a sync learns about accounts beside their plans: which it did not ask, and why others gave no list. */
export class SyncTally {
  readonly #run: Run;
  #facts = noFacts;
  #newestAttemptAt: Micros | null = null;
  #done = 0;
  #unasked = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  get facts(): RunFacts {
    return this.#facts;
  }

  /** The time of the newest stored observation of the accounts selected so far; null while there is none. */
  get newestAttemptAt(): Micros | null {
    return this.#newestAttemptAt;
  }

  /** Notes an account of the selection, asked or not. */
  addSelected(head: AccountHead | null): void {
    if (head !== null && head.lastAttemptAt > (this.#newestAttemptAt ?? 0n)) this.#newestAttemptAt = head.lastAttemptAt;
    if (head !== null && head.lastObservedAt !== null) return;
    this.#facts = { ...this.#facts, neverRead: this.#facts.neverRead + 1 };
  }

  /** An account that is not asked, because it has a recent answer. */
  addFresh({ appId, removalsSuspendedSince }: AccountHead): void {
    this.#addWithoutAsking('fresh', suspensionOf(appId, removalsSuspendedSince));
  }

  /** An account that is not asked, because it has an answer of a time that is still to come. */
  addNotNewer({ appId, removalsSuspendedSince }: AccountHead, newest: Micros): void {
    this.#addWithoutAsking('failed', [describeNotNewer(appId, newest), ...suspensionOf(appId, removalsSuspendedSince)]);
  }

  /** Counts the accounts, of `total` in all, that a stopped run did not ask, or asked and had no answer of. */
  addUnreached(total: number): void {
    const unreached = Math.max(0, total - this.#run.tally.counts.accounts.selected);
    this.#run.tally.add({ accounts: { selected: unreached, unreached } });
  }

  /** Notes why not every account is asked; the first reason stays. */
  stop(reason: ScenedimError): void {
    if (this.#facts.stoppedBy !== null) return;
    this.#facts = { ...this.#facts, stoppedBy: reason };
    this.#run.tally.addProblem(describeStop(reason));
  }

  /** The list of the platform is not believed. */
  refuseRoster(listed: number, stored: number): void {
    this.#facts = { ...this.#facts, isRosterRefused: true };
    this.#run.tally.addProblem(describeShrunkRoster(listed, stored));
  }

  /** An account that the platform does not list any more; it is not asked, and not counted. */
  addLeft(appId: string): void {
    this.#run.tally.addProblem(describeLeft(appId));
  }

  addFailure(failure: FetchFailure): void {
    this.#run.tally.addProblem(describeFailure(failure));
    const { credentialsRefused, misconfigured, unreachable, stoppedBy } = this.#facts;
    this.#facts = {
      ...this.#facts,
      credentialsRefused: credentialsRefused + Number(failure.credentialsRefused),
      misconfigured: misconfigured + Number(isMisconfigured(failure)),
      unreachable: unreachable + Number(failure.unreachable),
      stoppedBy: stoppedBy ?? (failure.accountOnly ? null : stopOf(failure)),
    };
  }

  /**
   * An account whose turn did not come, because others have used up a quota that it shares with
   * them.
   */
  addUnasked(failure: FetchFailure): void {
    this.#run.tally.add({ accounts: { selected: 1, unreached: 1 } });
    if (this.#unasked === 0) this.#run.tally.addProblem({ ...describeFailure(failure), app_id: null, kind: 'run' });
    this.#unasked += 1;
  }

  addMalformed(appId: string, answer: AnswerFailure): void {
    this.#run.tally.addProblem(describeMalformed(appId, answer));
  }

  tellProgress(total: number | null): void {
    this.#done += 1;
    this.#run.context.onProgress?.({ done: this.#done, total, unit: 'accounts' });
  }

  #addWithoutAsking(outcome: 'fresh' | 'failed', problems: readonly Problem[]): void {
    this.#done += 1;
    this.#run.tally.add({ accounts: { selected: 1, [outcome]: 1 } });
    for (const problem of problems) this.#run.tally.addProblem(problem);
  }
}

function stopOf(failure: FetchFailure): ScenedimError {
  const { appId, message, remedy } = failure;
  const isRefused = failure.credentialsRefused && !isMisconfigured(failure);
  return new ScenedimError(
    isRefused ? 'credentials_refused' : 'config_invalid',
    `account ${appId}: ${message}`,
    remedy === null ? {} : { remedy },
  );
}
