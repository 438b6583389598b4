import type { AccountHead } from '../../dimension/account-head.ts';
import type { AccountPlan, PlanFrom } from '../../dimension/account-planner.ts';
import { createAccountPlanner } from '../../dimension/account-planner.ts';
import type { GuardSettings } from '../../dimension/guards.ts';
import type { IncomingObservation } from '../../dimension/incoming-observation.ts';
import type { FirstSeen } from '../../dimension/version.ts';
import type { Loader } from '../../load/loader.ts';
import type { NormalizedAnswer } from '../../normalize/snapshot.ts';
import type { AnswerCache } from '../log/answer-cache.ts';
import type { Batch, PendingObservation } from './batch.ts';

/** What planning needs besides the batch. */
export interface PlanInputs {
  readonly loader: Loader;
  readonly answers: AnswerCache;
  readonly firstSeen: FirstSeen;
  readonly guards: GuardSettings;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** The plan of an account and the head that it starts from. */
export interface PlannedAccount {
  readonly plan: AccountPlan;
  readonly storedHead: AccountHead | null;
}

/** Whose plans they are. */
export function appIdsOf(planned: readonly PlannedAccount[]): ReadonlySet<string> {
  return new Set(planned.map(({ plan }) => plan.appId));
}

/** Plans an account from its new observations and a point to go on from, without its stored ones. */
export function planDirectly(
  inputs: PlanInputs,
  appId: string,
  from: PlanFrom,
  incoming: readonly IncomingObservation[],
): AccountPlan {
  const planner = createAccountPlanner({ ...inputs, appId, from });
  for (const observation of incoming) planner.incoming(observation);
  return planner.finish([]);
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
