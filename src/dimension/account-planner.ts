import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import { formatInstant } from '../instant.ts';
import type { NormalizedAnswer, RejectedRow } from '../normalize/snapshot.ts';
import type { AccountHead } from './account-head.ts';
import type { DerivedHead } from './advance-head.ts';
import { advanceHead } from './advance-head.ts';
import { saysTheSame } from './compare-snapshots.ts';
import type { GuardSettings } from './guards.ts';
import type { IncomingObservation } from './incoming-observation.ts';
import { judgeAnswer } from './judge-answer.ts';
import type { Observation } from './observation.ts';
import type { ResumePoint, Timeline } from './timeline.ts';
import { createTimeline } from './timeline.ts';
import type { FirstSeen, Version, VersionChange } from './version.ts';
import { diffVersions } from './version-changes.ts';

/**
 * From where an account is planned:
 * - `repeat`: behind everything stored, and every ok answer to come equals the newest ok one; no version can change;
 * - `resume`: behind everything stored, from the newest ok answer, which left nothing unknown;
 * - `start`: from before the first observation; all stored ones are fed, too.
 */
export type PlanFrom =
  | { readonly kind: 'repeat'; readonly head: AccountHead }
  | { readonly kind: 'resume'; readonly head: AccountHead; readonly point: ResumePoint }
  | { readonly kind: 'start'; readonly head: AccountHead | null };

export interface AccountPlannerOptions {
  readonly appId: string;
  readonly from: PlanFrom;
  readonly firstSeen: FirstSeen;
  readonly guards: GuardSettings;
  readonly runId: string;
}

export interface Refusal {
  readonly incoming: IncomingObservation;
  readonly reason: string;
}

/** A rejected row, with the observation that it belongs to. */
export interface ObservedReject extends RejectedRow {
  readonly appId: string;
  readonly observedAt: Micros;
}

/** What the observations fed to a planner amount to. */
export interface AccountPlan {
  readonly appId: string;
  /** The new observations, oldest first. */
  readonly observations: readonly Observation[];
  readonly duplicates: number;
  /** Rows of the new observations that were not used. */
  readonly rejects: readonly ObservedReject[];
  /** Those of `observations` that a guard held now. */
  readonly held: readonly Observation[];
  /** The first observation that contradicts the log; nothing of the plan may be applied then. */
  readonly refusal: Refusal | null;
  /** Null when the account has no observation yet: its first one was refused. */
  readonly head: DerivedHead | null;
  readonly versions: readonly VersionChange[];
}

/**
 * Plans one account. Feed it in order of time: each stored observation (only when planning from the `start`) by
 * {@link stored}, each new one by {@link incoming}; a new one of the same time as a stored one comes directly after it.
 */
export interface AccountPlanner {
  stored(observation: Observation, answer: NormalizedAnswer | undefined): void;
  incoming(incoming: IncomingObservation): void;
  /** `storedVersions`: all versions of the account when planning from the `start`; not looked at otherwise. */
  finish(storedVersions: readonly Version[]): AccountPlan;
}

export function createAccountPlanner(options: AccountPlannerOptions): AccountPlanner {
  const { appId, from, firstSeen, guards, runId } = options;
  const timeline = startTimeline(options);
  const observations: Observation[] = [];
  const held: Observation[] = [];
  const rejects: ObservedReject[] = [];
  let head: DerivedHead | null = from.kind === 'start' ? null : from.head;
  let newest: { observation: Observation; answer: NormalizedAnswer | undefined } | null = null;
  let duplicates = 0;
  let refusal: Refusal | null = null;

  function take(observation: Observation, answer: NormalizedAnswer | undefined): void {
    const { observedAt, status } = observation;
    if (status === 'ok' && answer === undefined) throw damagedPayload(observation);
    if (status === 'ok' && answer?.kind === 'snapshot') timeline?.observe(observedAt, answer);
    head = advanceHead(head, observation, answer);
    newest = { observation, answer };
  }

  function judge(incoming: IncomingObservation): Observation {
    const { answer, observedAt, payloadHash, recorded } = incoming;
    const base = { appId, observedAt, runId, holdReason: null, decidedAt: null, errorCode: null, errorMessage: null };
    if (recorded?.status === 'failed' || answer.kind === 'failure') {
      const said = answer.kind === 'failure' && answer.message !== '' ? answer.message : null;
      return {
        ...base,
        status: 'failed',
        payloadHash: null,
        errorCode: failureCodeOf(incoming),
        errorMessage: recorded?.errorMessage ?? said,
      };
    }
    if (recorded !== null) {
      const { status, holdReason, decidedAt } = recorded;
      return { ...base, status, payloadHash, holdReason, decidedAt };
    }
    // In a repeat nothing can shrink, so only the guard that needs no timeline is left.
    const holdReason = judgeAnswer(answer, timeline ?? createTimeline({ appId, firstSeen }), guards);
    return { ...base, status: holdReason === null ? 'ok' : 'held', payloadHash, holdReason };
  }

  return {
    stored: take,

    incoming(incoming) {
      if (refusal !== null) return;
      const { recorded } = incoming;
      if (recorded !== null && recorded.status !== 'failed' && incoming.answer.kind === 'failure') {
        refusal = { incoming, reason: `status is ${recorded.status} but the body is no scene list` };
        return;
      }
      if (newest?.observation.observedAt === incoming.observedAt) {
        if (isDuplicate(newest.observation, newest.answer, incoming)) duplicates += 1;
        else refusal = { incoming, reason: 'another answer of this account at this time is stored already' };
        return;
      }
      const observation = judge(incoming);
      observations.push(observation);
      if (observation.status !== 'failed' && incoming.answer.kind === 'snapshot') {
        const { observedAt } = incoming;
        for (const row of incoming.answer.rejects) rejects.push({ ...row, appId, observedAt });
      }
      if (observation.status === 'held' && recorded === null) held.push(observation);
      take(observation, incoming.answer);
    },

    finish(storedVersions) {
      const before = from.kind === 'resume' ? from.point.openVersions : storedVersions;
      const versions = timeline === null ? [] : diffVersions(before, timeline.versions());
      return { appId, observations, duplicates, rejects, held, refusal, head, versions };
    },
  };
}

/** The plan of an account whose one new observation is its newest ok one again: nothing to do. */
export function planDuplicate(head: AccountHead): AccountPlan {
  const nothing = { observations: [], rejects: [], held: [], versions: [], refusal: null };
  return { ...nothing, appId: head.appId, duplicates: 1, head };
}

function startTimeline({ appId, from, firstSeen }: AccountPlannerOptions): Timeline | null {
  if (from.kind === 'repeat') return null;
  if (from.kind === 'resume') return createTimeline({ appId, firstSeen, resumeFrom: from.point });
  return createTimeline({ appId, firstSeen });
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

function damagedPayload({ appId, observedAt, payloadHash }: Observation): ScenedimError {
  return new ScenedimError(
    'data_refused',
    `account ${appId}: the body ${payloadHash} of its answer at ${formatInstant(observedAt)} is missing or damaged`,
    { remedy: 'restore scene_payload from a backup, then run `scenedim verify`' },
  );
}
