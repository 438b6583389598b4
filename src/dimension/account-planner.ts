import type { NormalizedAnswer } from '../normalize/snapshot.ts';
import { type AccountHead, advanceHead, type DerivedHead } from './account-head.ts';
import { saysTheSame } from './compare-snapshots.ts';
import { applyGuards, type GuardSettings, type Hold } from './guards.ts';
import { describeLostBody, shortenedLog } from './log-cut.ts';
import type { IncomingObservation, Observation, Reject } from './observation.ts';
import { type ResumePoint, Timeline } from './timeline.ts';
import type { FirstSeen, Version } from './version.ts';
import { noChanges, planChanges, type VersionChanges } from './version-changes.ts';

/**
 * Plans one account. Feed it in order of time: each stored observation (only when planning from the
 * `start`) by `stored`, each new one by `incoming`; a new one of the same time as a stored one comes
 * directly after it.
 */
export class AccountPlanner {
  readonly #options: AccountPlannerOptions;
  /** Null in a repeat, in which no version can change. */
  readonly #timeline: Timeline | null;
  readonly #observations: Observation[] = [];
  readonly #held: HeldAnswer[] = [];
  readonly #rejects: Reject[] = [];
  #head: DerivedHead | null;
  #newest: { readonly observation: Observation; readonly answer: NormalizedAnswer | undefined } | null = null;
  #duplicates = 0;
  #refusal: Refusal | null = null;

  constructor(options: AccountPlannerOptions) {
    this.#options = options;
    this.#timeline = startTimeline(options);
    this.#head = options.from.kind === 'start' ? null : options.from.head;
  }

  stored(observation: Observation, answer: NormalizedAnswer | undefined): void {
    const { observedAt, status } = observation;
    if (status === 'ok' && answer === undefined) throw shortenedLog(observation.appId, describeLostBody(observation));
    if (status === 'ok' && answer?.kind === 'snapshot') this.#timeline?.observe(observedAt, answer);
    this.#head = advanceHead(this.#head, observation, answer);
    this.#newest = { observation, answer };
  }

  incoming(incoming: IncomingObservation): void {
    if (this.#refusal !== null) return;
    const { answer, observedAt, recorded } = incoming;
    if (recorded !== null && recorded.status !== 'failed' && answer.kind === 'failure') {
      this.#refusal = { incoming, reason: `status is ${recorded.status} but the body is no scene list` };
      return;
    }
    const newest = this.#newest;
    if (newest?.observation.observedAt === observedAt) {
      if (isDuplicate(newest.observation, newest.answer, incoming)) this.#duplicates += 1;
      else this.#refusal = { incoming, reason: 'another answer of this account at this time is stored already' };
      return;
    }
    const { observation, hold } = this.#judge(incoming);
    this.#observations.push(observation);
    if (observation.status !== 'failed' && answer.kind === 'snapshot') {
      const { appId } = this.#options;
      for (const row of answer.rejects) this.#rejects.push({ ...row, appId, observedAt });
    }
    if (hold !== null) this.#held.push({ observation, hold });
    this.stored(observation, answer);
  }

  /** `storedVersions`: all versions of the account when planning from the `start`; not looked at otherwise. */
  finish(storedVersions: readonly Version[]): AccountPlan {
    const { appId, from } = this.#options;
    const before = from.kind === 'resume' ? from.point.openVersions : storedVersions;
    return {
      appId,
      // Plans of a whole batch are held together: a list to which one item was pushed has room for 17, its copy for one.
      observations: [...this.#observations],
      duplicates: this.#duplicates,
      rejects: this.#rejects,
      held: this.#held,
      refusal: this.#refusal,
      head: this.#head,
      versions: this.#timeline === null ? noChanges : planChanges(before, this.#timeline),
    };
  }

  #judge(incoming: IncomingObservation): { readonly observation: Observation; readonly hold: Hold | null } {
    const { answer, observedAt, payloadHash, recorded } = incoming;
    const { appId, firstSeen, guards, runId } = this.#options;
    const base = { appId, observedAt, runId, ...undecided, errorCode: null, errorMessage: null };
    if (recorded?.status === 'failed' || answer.kind === 'failure') {
      const said = answer.kind === 'failure' && answer.message !== '' ? answer.message : null;
      const errorMessage = recorded?.errorMessage ?? said;
      const errorCode = failureCodeOf(incoming);
      return { observation: { ...base, status: 'failed', payloadHash: null, errorCode, errorMessage }, hold: null };
    }
    if (recorded !== null) {
      const { status, holdReason, decidedAt, decisionNote } = recorded;
      return { observation: { ...base, status, payloadHash, holdReason, decidedAt, decisionNote }, hold: null };
    }
    // In a repeat nothing can shrink, so only the guard that needs no timeline is left.
    const hold = applyGuards(answer, this.#timeline ?? new Timeline({ appId, firstSeen }), guards);
    const status = hold === null ? 'ok' : 'held';
    return { observation: { ...base, status, payloadHash, holdReason: hold?.reason ?? null }, hold };
  }
}

/** The plan of an account all of whose new observations are stored already: nothing to do. */
export function planDuplicates(head: AccountHead, duplicates: number): AccountPlan {
  return { ...planNothing(head.appId, head), duplicates };
}

/** A plan that leaves the account as it is. */
export function planNothing(appId: string, head: AccountHead | null): AccountPlan {
  const none = { observations: [], duplicates: 0, rejects: [], held: [], refusal: null, versions: noChanges };
  return { appId, head, ...none };
}

const undecided = { holdReason: null, decidedAt: null, decisionNote: null };

export interface AccountPlannerOptions {
  readonly appId: string;
  readonly from: PlanFrom;
  readonly firstSeen: FirstSeen;
  readonly guards: GuardSettings;
  readonly runId: string;
}

/**
 * From where an account is planned:
 * - `repeat`: behind everything stored, and every ok answer to come equals the newest ok one; no
 *   version can change;
 * - `resume`: behind everything stored, from the newest ok answer, which left nothing unknown;
 * - `start`: from before the first observation; all stored ones are fed, too.
 */
export type PlanFrom =
  | { readonly kind: 'repeat'; readonly head: AccountHead }
  | { readonly kind: 'resume'; readonly head: AccountHead; readonly point: ResumePoint }
  | { readonly kind: 'start'; readonly head: AccountHead | null };

/** What the observations fed to a planner amount to. */
export interface AccountPlan {
  readonly appId: string;
  /** The new observations, oldest first. */
  readonly observations: readonly Observation[];
  readonly duplicates: number;
  /** Rows of the new observations that were not used. */
  readonly rejects: readonly Reject[];
  /** Those of `observations` that a guard held now. */
  readonly held: readonly HeldAnswer[];
  /** The first observation that contradicts the log; nothing of the plan may be applied then. */
  readonly refusal: Refusal | null;
  /** Null when the account has no observation yet: its first one was refused, or could not be recorded. */
  readonly head: DerivedHead | null;
  readonly versions: VersionChanges;
}

/** An answer that a guard held. */
export interface HeldAnswer {
  readonly observation: Observation;
  readonly hold: Hold;
}

export interface Refusal {
  readonly incoming: IncomingObservation;
  readonly reason: string;
}

function startTimeline({ appId, from, firstSeen }: AccountPlannerOptions): Timeline | null {
  if (from.kind === 'repeat') return null;
  if (from.kind === 'resume') return new Timeline({ appId, firstSeen, resumeFrom: from.point });
  return new Timeline({ appId, firstSeen });
}

function isDuplicate(
  stored: Observation,
  answer: NormalizedAnswer | undefined,
  incoming: IncomingObservation,
): boolean {
  const isFailure = incoming.recorded?.status === 'failed' || incoming.answer.kind === 'failure';
  if (stored.status === 'failed') return isFailure && stored.errorCode === failureCodeOf(incoming);
  if (isFailure) return false;
  if (stored.payloadHash !== null && stored.payloadHash === incoming.payloadHash) return true;
  return answer !== undefined && saysTheSame(answer, incoming.answer);
}

/** The code under which a failure is recorded: the one that comes with it, else what its body says. */
function failureCodeOf({ answer, recorded }: IncomingObservation): string {
  return recorded?.errorCode ?? (answer.kind === 'failure' ? answer.code : 'unknown');
}
