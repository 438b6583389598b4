/** What a report tells about accounts and their platform, each with what to do about it. */
import type { HeldAnswer } from '../../dimension/account-planner.ts';
import { describeHold } from '../../dimension/guards.ts';
import type { ScenedimError } from '../../errors.ts';
import type { FetchFailure } from '../../extract/scene-source.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { AnswerFailure } from '../../normalize/snapshot.ts';
import { shellWord } from '../../shell-word.ts';
import type { PlannedAccount } from '../batch/plan-account.ts';
import type { Problem } from './run-report.ts';

/** What is wrong with an account by its plan: a conflict, answers that a guard held, suspended removals. */
export function problemsOfPlan({ plan, damage }: PlannedAccount): Problem[] {
  const { appId, refusal, held, head } = plan;
  if (damage !== null) return [describeUnplannable(appId, damage)];
  const conflicts = refusal === null ? [] : [describeConflict(appId, refusal.reason)];
  return [...conflicts, ...held.map(describeHeld), ...suspensionOf(appId, head?.removalsSuspendedSince ?? null)];
}

/** Told while the newest ok answer of an account holds a row without a key (`since` is not null); else none. */
export function suspensionOf(appId: string, since: Micros | null): Problem[] {
  if (since === null) return [];
  const problem: Problem = {
    app_id: appId,
    kind: 'removals_suspended',
    code: 'removals_suspended',
    message: `since ${formatInstant(since)} its answers hold a row without a key, so no scene counts as removed`,
    remedy: 'look at scene_reject for the row; the suspension ends with the next answer whose rows all have keys',
  };
  return [problem];
}

export function describeNotNewer(appId: string, newest: Micros): Problem {
  const command = `scenedim hold --app-id ${shellWord(appId)} --observed-at ${formatInstant(newest)}`;
  return {
    app_id: appId,
    kind: 'failed',
    code: 'not_newer',
    message: `its newest stored answer, of ${formatInstant(newest)}, is not older than now`,
    remedy: `check the clock; when that answer is wrong: ${command}`,
  };
}

/** What ended a run before all accounts were asked. */
export function describeStop({ code, message, remedy }: ScenedimError): Problem {
  return { app_id: null, kind: 'run', code, message, remedy: remedy ?? null };
}

/** An account that was in the roster of the last run. */
export function describeLeft(appId: string): Problem {
  return {
    app_id: appId,
    kind: 'left',
    code: 'left',
    message: 'the platform does not list it any more, so it is not asked; its rows stay',
    remedy: 'none is needed; to have it asked again, let the merchant authorise the platform again',
  };
}

/** A list of the platform that is too short to be true. */
export function describeShrunkRoster(listed: number, stored: number): Problem {
  return {
    app_id: null,
    kind: 'roster_shrunk',
    code: 'roster_shrunk',
    message: `the platform lists ${listed} accounts and listed ${stored} at the last full run; that is not believed: only what is listed was asked, and none counts as left`,
    remedy: 'look at the platform; if the list is right: scenedim sync --accept-shrink',
  };
}

export function describeFailure(failure: FetchFailure): Problem {
  const { appId, code, errorClass, message, remedy } = failure;
  const kind = errorClass === 'unavailable' ? 'skipped' : 'failed';
  return { app_id: appId, kind: code === 'clock_skew' ? code : kind, code, message, remedy };
}

export function describeMalformed(appId: string, { code, message }: AnswerFailure): Problem {
  const remedy = 'nothing was changed; if it happens again, report the answer to WeChat';
  return { app_id: appId, kind: 'failed', code, message, remedy };
}

/** What is stored of the account does not allow a plan of it. */
export function describeUnplannable(appId: string, { code, message, remedy }: ScenedimError): Problem {
  const prefix = `account ${appId}: `;
  const what = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  return { app_id: appId, kind: 'failed', code, message: what, remedy: remedy ?? null };
}

function describeConflict(appId: string, message: string): Problem {
  return { app_id: appId, kind: 'failed', code: 'conflict', message, remedy: 'run again' };
}

function describeHeld({ observation: { appId, observedAt }, hold }: HeldAnswer): Problem {
  return {
    app_id: appId,
    kind: 'held',
    code: hold.reason,
    message: `the answer at ${formatInstant(observedAt)} ${describeHold(hold)}; it is kept, the dimension is as before`,
    remedy: `if the answer is right: scenedim accept --app-id ${shellWord(appId)}`,
  };
}
