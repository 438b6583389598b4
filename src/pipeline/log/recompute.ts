import { chunksOf } from '../../chunks.ts';
import type { AccountHead, DerivedHead } from '../../dimension/account-head.ts';
import { AccountPlanner } from '../../dimension/account-planner.ts';
import type { GuardSettings } from '../../dimension/guards.ts';
import { describeCut, describeLostBody, findCut, type LogCut, LogTimes } from '../../dimension/log-cut.ts';
import { type Decision, isGivenUp, type Observation } from '../../dimension/observation.ts';
import type { FirstSeen, Version, VersionChange } from '../../dimension/version.ts';
import type { Loader } from '../../load/loader.ts';
import type { Snapshot } from '../../normalize/snapshot.ts';
import { AccountCursor, firstAccount } from './account-cursor.ts';
import { type Answers, type LogEntry, readAnswers, withAnswers } from './account-log.ts';
import type { AnswerCache } from './answer-cache.ts';

/**
 * Recomputes account after account from the log, in order. Bodies are read for several accounts at
 * once, because each read may be a job of a warehouse.
 */
export async function* recompute(options: RecomputeOptions): AsyncGenerator<RecomputedAccount> {
  const { loader, answers, signal } = options;
  const { readPayloads } = loader.limits;
  let group: StoredAccount[] = [];
  let hashes = new Set<string | null>();
  let rows = 0;
  async function* recomputeGroup(): AsyncGenerator<RecomputedAccount> {
    const known = hashes.size > readPayloads ? undefined : await readAnswers(loader, hashes, answers, signal);
    for (const account of group) yield await recomputeAccount(options, account, known);
    [group, hashes, rows] = [[], new Set(), 0];
  }
  for await (const account of readAccounts(options)) {
    const own = new Set(account.observations.map(({ payloadHash }) => payloadHash));
    const ownRows = account.observations.length + account.storedVersions.length;
    const isFull = hashes.size + own.difference(hashes).size > readPayloads || rows + ownRows > ROWS_TOGETHER;
    if (group.length > 0 && isFull) yield* recomputeGroup();
    group.push(account);
    for (const payloadHash of own) hashes.add(payloadHash);
    rows += ownRows;
  }
  yield* recomputeGroup();
}

/** What one account's stored observations give, beside what is stored. */
export interface RecomputedAccount {
  readonly appId: string;
  readonly storedVersions: readonly Version[];
  readonly storedHead: AccountHead | null;
  /** What the log gives; null when the account has no observation. */
  readonly head: DerivedHead | null;
  /** What turns the stored rows into those that the log gives. */
  readonly versions: readonly VersionChange[];
  /** What the newest ok answer says, when it is a list. */
  readonly newestSnapshot: Snapshot | null;
  /** Observations whose body is missing or damaged. When there is one, nothing was computed, unless that is accepted. */
  readonly damaged: readonly Observation[];
  /** What is missing of its stored log; null when nothing is. */
  readonly cut: LogCut | null;
}

/** Why an account may not be recomputed: answers that its rows come from are gone. Null when it may. */
export function shorteningOf({ damaged: [first], cut }: Pick<RecomputedAccount, 'damaged' | 'cut'>): string | null {
  if (cut !== null) return describeCut(cut);
  return first === undefined ? null : describeLostBody(first);
}

export interface RecomputeOptions {
  readonly loader: Loader;
  readonly answers: AnswerCache;
  readonly firstSeen: FirstSeen;
  readonly appIds?: readonly string[];
  /** Decisions that take the place of the stored ones. */
  readonly decisions?: readonly Decision[];
  /** True when the stored rows may be of other settings. Default false. */
  readonly mayRedate?: boolean;
  /** Computes without observations whose body is gone. Default false. */
  readonly skipDamaged?: boolean;
  readonly signal: AbortSignal;
}

/** Guards play no part in a recomputation: every stored observation has its decision. */
const noGuards: GuardSettings = { empty: 'accept', minScenes: 1, maxShrink: 1 };

/** Stored rows that are in memory together, at most; one account alone may have more. */
const ROWS_TOGETHER = 20_000;

async function* readAccounts(options: RecomputeOptions): AsyncGenerator<StoredAccount> {
  const { loader, appIds, signal } = options;
  const query = appIds === undefined ? {} : { appIds };
  await using log = new AccountCursor(loader.readObservations(query, signal));
  await using heads = new AccountCursor(loader.readHeads(query, signal));
  await using versions = new AccountCursor(loader.readVersions(query, signal));
  const cursors = [log, heads, versions];
  for (let appId = await firstAccount(cursors); appId !== undefined; appId = await firstAccount(cursors)) {
    const observations = await log.take(appId);
    const [storedHead = null] = await heads.take(appId);
    const storedVersions = await versions.take(appId);
    yield { appId, observations, storedHead, storedVersions };
  }
}

interface StoredAccount {
  readonly appId: string;
  readonly observations: readonly Observation[];
  readonly storedHead: AccountHead | null;
  readonly storedVersions: readonly Version[];
}

/** `known` is what all its bodies say; undefined when they are too many to be read at once. */
async function recomputeAccount(
  options: RecomputeOptions,
  stored: StoredAccount,
  known: Answers | undefined,
): Promise<RecomputedAccount> {
  const { appId, observations, storedHead, storedVersions } = stored;
  const planner = new AccountPlanner({
    appId,
    from: { kind: 'start', head: storedHead },
    firstSeen: options.firstSeen,
    guards: noGuards,
    runId: '',
  });
  const damaged: Observation[] = [];
  const log = new LogTimes();
  for (const observation of observations) log.add(observation);
  let newestSnapshot: Snapshot | null = null;
  for await (const { observation, answer } of decidedLog(options, observations, known)) {
    const isDamaged = answer === undefined && observation.payloadHash !== null && !isGivenUp(observation);
    if (isDamaged) damaged.push(observation);
    if (isDamaged && options.skipDamaged === true) planner.stored({ ...observation, status: 'held' }, undefined);
    else if (!isDamaged) planner.stored(observation, answer);
    if (observation.status === 'ok' && answer?.kind === 'snapshot') newestSnapshot = answer;
  }
  const { mayRedate = false } = options;
  const isComputed = damaged.length === 0 || options.skipDamaged === true;
  const plan = planner.finish(storedVersions);
  const versions = isComputed ? [...plan.versions].map(withRow) : [];
  const cut = findCut({ versions: storedVersions, head: storedHead, log, changes: versions, mayRedate });
  const head = isComputed ? plan.head : null;
  return { appId, storedVersions, storedHead, newestSnapshot, damaged, cut, head, versions };
}

async function* decidedLog(
  { loader, answers, decisions = [], signal }: RecomputeOptions,
  observations: readonly Observation[],
  allKnown: Answers | undefined,
): AsyncGenerator<LogEntry> {
  const [first] = observations;
  const ofAccount = decisions.filter(({ appId }) => appId === first?.appId);
  const decided = new Map(ofAccount.map((decision) => [decision.observedAt, decision]));
  for (const chunk of chunksOf(observations, loader.limits.readPayloads)) {
    const hashes = chunk.map((observation) => observation.payloadHash);
    const known = allKnown ?? (await readAnswers(loader, hashes, answers, signal));
    const redecided = chunk.map((observation) => ({ ...observation, ...decided.get(observation.observedAt) }));
    yield* withAnswers(redecided, known);
  }
}

/** The change with its row made now, not at each reading: rebuild sets it aside as a copy. */
function withRow(change: VersionChange): VersionChange {
  return change.op === 'insert' ? { op: 'insert', after: change.after } : change;
}
