import type { AccountHead } from '../../dimension/account-head.ts';
import { type AccountPlan, AccountPlanner, type PlanFrom, planNothing } from '../../dimension/account-planner.ts';
import type { GuardSettings } from '../../dimension/guards.ts';
import type { IncomingObservation } from '../../dimension/observation.ts';
import type { FirstSeen } from '../../dimension/version.ts';
import { sumCounts } from '../../dimension/version-changes.ts';
import { isScenedimError, type ScenedimError } from '../../errors.ts';
import type { Loader } from '../../load/loader.ts';
import type { NormalizedAnswer } from '../../normalize/snapshot.ts';
import type { AnswerCache } from '../log/answer-cache.ts';
import type { AccountOutcome, Batch, FetchOutcome, PendingObservation } from './batch.ts';

/**
 * Plans an account from its new observations and a point to go on from, without its stored ones.
 */
export function planAccount(
  inputs: PlanInputs,
  batch: Batch,
  appId: string,
  from: PlanFrom,
  incoming: readonly IncomingObservation[] = incomingOf(inputs, batch, appId),
): PlannedAccount {
  try {
    const planner = new AccountPlanner({ ...inputs, appId, from });
    for (const observation of incoming) planner.incoming(observation);
    return plannedAccount(batch, planner.finish([]), from.head);
  } catch (error) {
    if (from.head === null || !isDamage(error)) throw error;
    return unplannableAccount(appId, from.head, error);
  }
}

/** True when what is stored of one account does not allow a plan of it. */
export function isDamage(error: unknown): error is ScenedimError {
  return isScenedimError(error, 'log_shortened') || isScenedimError(error, 'data_refused');
}

/** An account that stays as it is, because what is stored of it does not allow a plan. */
export function unplannableAccount(appId: string, head: AccountHead | null, damage: ScenedimError): PlannedAccount {
  const plan = planNothing(appId, head);
  return { plan, storedHead: head, outcome: 'failed', damage, needsBodies: false, lostBodies: noBodies };
}

/** What planning needs besides the batch. */
export interface PlanInputs {
  readonly loader: Loader;
  readonly answers: AnswerCache;
  readonly firstSeen: FirstSeen;
  readonly guards: GuardSettings;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** The plan of an account, the head that it starts from, and what became of the account. */
export interface PlannedAccount {
  readonly plan: AccountPlan;
  readonly storedHead: AccountHead | null;
  readonly outcome: AccountOutcome;
  /** Why nothing could be planned; null when a plan was made. */
  readonly damage: ScenedimError | null;
  /** True when bodies that the log names may be missing, so that those at hand are stored again. */
  readonly needsBodies: boolean;
  /**
   * Of the bodies at hand, by hash, those that were not stored as they are. Looked for only in a
   * copy of the log.
   */
  readonly lostBodies: ReadonlyMap<string, 'missing' | 'damaged'>;
}

const noBodies: PlannedAccount['lostBodies'] = new Map();

/** A plan with what it amounts to. */
export function plannedAccount(batch: Batch, plan: AccountPlan, storedHead: AccountHead | null): PlannedAccount {
  const outcome = outcomeOf(plan, batch.failures.get(plan.appId));
  return { plan, storedHead, outcome, damage: null, needsBodies: false, lostBodies: noBodies };
}

function outcomeOf(plan: AccountPlan, failure: FetchOutcome | undefined): AccountOutcome {
  if (plan.refusal !== null) return 'failed';
  if (failure !== undefined) return failure;
  if (plan.held.length > 0) return 'held';
  // Without a new observation nothing is written, though damaged rows may differ from what the log
  // gives.
  return sumCounts(plan.versions.counts) > 0 && plan.observations.length > 0 ? 'changed' : 'unchanged';
}

/** The new observations of an account, with what they say. */
export function incomingOf(
  { answers }: PlanInputs,
  { accounts, payloads }: Batch,
  appId: string,
): IncomingObservation[] {
  const read = ({ failure, payloadHash }: PendingObservation): NormalizedAnswer => {
    if (failure !== null) return failure;
    const payload = payloads.get(payloadHash ?? '');
    if (payload === undefined) throw new TypeError('an observation that is no failure has its body in the batch');
    return answers.normalize(payload.payloadHash, payload.body);
  };
  return (accounts.get(appId) ?? []).map((pending) => {
    const { observedAt, payloadHash, recorded, origin } = pending;
    return { observedAt, answer: read(pending), payloadHash, recorded, origin };
  });
}
