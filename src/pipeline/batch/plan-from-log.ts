import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { type AccountPlan, AccountPlanner } from '../../dimension/account-planner.ts';
import { describeCut, findCut, type LogCut, LogTimes, shortenedLog } from '../../dimension/log-cut.ts';
import type { IncomingObservation, Observation } from '../../dimension/observation.ts';
import { isOpen, type Version } from '../../dimension/version.ts';
import { noChanges } from '../../dimension/version-changes.ts';
import type { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import type { NormalizedAnswer, Snapshot } from '../../normalize/snapshot.ts';
import { type LogEntry, readLog } from '../log/account-log.ts';
import { hashPayload } from '../log/hash-payload.ts';
import { answersOf, type Batch } from './batch.ts';
import {
  incomingOf,
  isDamage,
  type PlanInputs,
  type PlannedAccount,
  planAccount,
  plannedAccount,
  unplannableAccount,
} from './plan-account.ts';
import { readVersionsByAccount } from './read-versions-by-account.ts';

/**
 * Plans accounts from their whole log. One whose log was cut is planned when the new observations
 * make it whole or are all newer; else it stays as it is.
 */
export async function planFromLog(
  inputs: PlanInputs,
  batch: Batch,
  heads: readonly AccountHead[],
): Promise<PlannedAccount[]> {
  const { loader, answers, signal } = inputs;
  const query = { appIds: heads.map((head) => head.appId) };
  const versions = await readVersionsByAccount(loader, [query], signal);
  const merges = new Map(heads.map((head) => [head.appId, new LogMerge(inputs, batch, head)] as const));
  for await (const entry of readLog(loader, query.appIds, answers, signal)) {
    merges.get(entry.observation.appId)?.stored(entry);
  }
  const planned = [...merges].map(([appId, merge]) => merge.finish(versions.get(appId) ?? []));
  return await findLostBodies(inputs, batch, planned);
}

/** Adds to each plan which bodies of a copy of the log are missing or damaged in the target. */
async function findLostBodies(
  { loader, signal }: PlanInputs,
  batch: Batch,
  planned: readonly PlannedAccount[],
): Promise<PlannedAccount[]> {
  const named = planned.map((account) => hashesInCopy(batch, account));
  const stored = new Map<string, 'right' | 'damaged'>();
  for (const hashes of chunksOf([...new Set(named.flat())], loader.limits.readPayloads)) {
    for (const [payloadHash, body] of await loader.readPayloads(hashes, signal)) {
      stored.set(payloadHash, hashPayload(body) === payloadHash ? 'right' : 'damaged');
    }
  }
  return planned.map((account, index) => {
    const added = new Set(account.plan.observations.map(({ payloadHash }) => payloadHash));
    const lostBodies = new Map<string, 'missing' | 'damaged'>();
    for (const payloadHash of named[index] ?? []) {
      const state = stored.get(payloadHash) ?? 'missing';
      // The body of a new observation may well be new.
      if (state === 'damaged' || (state === 'missing' && !added.has(payloadHash))) lostBodies.set(payloadHash, state);
    }
    return { ...account, lostBodies };
  });
}

/**
 * Only recorded answers come from a log; others are new, and reading their bodies would be in vain.
 */
function hashesInCopy(batch: Batch, { plan, needsBodies }: PlannedAccount): string[] {
  if (!needsBodies) return [];
  return answersOf(batch, plan.appId).flatMap(({ recorded, payloadHash }) => {
    return recorded === null || payloadHash === null ? [] : [payloadHash];
  });
}

/**
 * Feeds new observations to a planner between the stored ones; one of the same time follows the
 * stored one.
 */
class LogMerge {
  readonly #inputs: PlanInputs;
  readonly #batch: Batch;
  readonly #head: AccountHead;
  readonly #planner: AccountPlanner;
  readonly #incoming: readonly IncomingObservation[];
  readonly #log = new LogTimes();
  #next = 0;
  /** The first stored observation whose body is gone. */
  #lost: { readonly observedAt: Micros; readonly error: ScenedimError } | null = null;

  constructor(inputs: PlanInputs, batch: Batch, head: AccountHead) {
    this.#inputs = inputs;
    this.#batch = batch;
    this.#head = head;
    this.#planner = new AccountPlanner({ ...inputs, appId: head.appId, from: { kind: 'start', head } });
    this.#incoming = incomingOf(inputs, batch, head.appId);
  }

  stored({ observation, answer }: LogEntry): void {
    this.#log.add(observation);
    if (this.#lost !== null) return;
    this.#feedBefore(observation.observedAt);
    try {
      this.#planner.stored(observation, answer ?? this.#broughtAnswer(observation));
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#lost = { observedAt: observation.observedAt, error };
    }
  }

  /** What a new observation of the same body says, when the stored body is gone. */
  #broughtAnswer({ payloadHash }: Observation): NormalizedAnswer | undefined {
    if (payloadHash === null) return undefined;
    return this.#incoming.find((incoming) => incoming.payloadHash === payloadHash)?.answer;
  }

  finish(storedVersions: readonly Version[]): PlannedAccount {
    if (this.#lost !== null) {
      const { observedAt, error } = this.#lost;
      // What the newest ok answer said is needed to go on from it.
      if (observedAt !== this.#head.lastOkAt && this.#isNewer()) return this.#resume(storedVersions);
      // A copy may bring some of the bodies, and another one the rest.
      return { ...unplannableAccount(this.#head.appId, this.#head, error), needsBodies: true };
    }
    this.#feedBefore(null);
    const plan = this.#planner.finish(storedVersions);
    if (plan.refusal !== null) return plannedAccount(this.#batch, plan, this.#head);
    const cut = this.#cutAfter(plan, storedVersions);
    if (cut === null) return { ...plannedAccount(this.#batch, plan, this.#head), needsBodies: true };
    if (this.#isNewer()) return this.#resume(storedVersions);
    if (this.#bringsSome(cut, plan, storedVersions)) return this.#record(plan);
    return unplannableAccount(this.#head.appId, this.#head, shortenedLog(plan.appId, describeCut(cut)));
  }

  /** What is still missing of the log when the new observations are in it. */
  #cutAfter(plan: AccountPlan, versions: readonly Version[]): LogCut | null {
    const answers = new Map(this.#incoming.map(({ observedAt, answer }) => [observedAt, answer]));
    for (const observation of plan.observations) {
      const answer = answers.get(observation.observedAt);
      this.#log.add(observation, answer?.kind === 'snapshot' ? answer.present : undefined);
    }
    return findCut({ versions, head: this.#head, log: this.#log, changes: [...plan.versions], mayRedate: true });
  }

  #isNewer(): boolean {
    return this.#incoming.every(({ observedAt }) => observedAt > this.#head.lastAttemptAt);
  }

  /** Goes on from the open versions, which say what the missing answers left. */
  #resume(storedVersions: readonly Version[]): PlannedAccount {
    const openVersions = storedVersions.filter(isOpen);
    const present = new Map(openVersions.map(({ sceneKey, sceneName }) => [sceneKey, sceneName]));
    const snapshot: Snapshot = { kind: 'snapshot', present, unknown: new Set(), absencesUnknown: false, rejects: [] };
    const from = { kind: 'resume' as const, head: this.#head, point: { snapshot, openVersions } };
    return planAccount(this.#inputs, this.#batch, this.#head.appId, from, this.#incoming);
  }

  /**
   * True when the new observations are a part of the missing ones, of a copy of the log that comes
   * in several batches.
   */
  #bringsSome(cut: LogCut, { observations }: AccountPlan, versions: readonly Version[]): boolean {
    const isCopy = this.#incoming.every(({ recorded, observedAt }) => {
      return recorded !== null && observedAt <= this.#head.lastAttemptAt;
    });
    if (!isCopy) return false;
    const stillMissing = new Set(cut.missing);
    return observations.some(({ observedAt, status }) => {
      if (status !== 'ok' || stillMissing.has(observedAt)) return false;
      return versions.some(({ firstObservedAt }) => firstObservedAt === observedAt);
    });
  }

  /** Only notes the observations: the rows are computed when the log is whole again. */
  #record(plan: AccountPlan): PlannedAccount {
    const recorded = { ...plan, head: this.#head, versions: noChanges };
    return { ...plannedAccount(this.#batch, recorded, this.#head), needsBodies: true };
  }

  /** Null: all that are left. */
  #feedBefore(observedAt: Micros | null): void {
    for (; ; this.#next += 1) {
      const observation = this.#incoming[this.#next];
      if (observation === undefined || (observedAt !== null && observation.observedAt >= observedAt)) return;
      this.#planner.incoming(observation);
    }
  }
}
