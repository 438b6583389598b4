import type { AccountHead } from '../dimension/account-head.ts';
import type { Decision, Observation } from '../dimension/observation.ts';
import { type Version, type VersionChange, versionOf } from '../dimension/version.ts';
import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import { formatInstant, OPEN_END } from '../instant.ts';
import type { ChangeSet, HeadChange, ObservationKey } from './loader.ts';

/**
 * The rows of an account after a batch. Throws `stale_heads` when it was planned on other rows than the
 * stored ones: another revision, a changed row that is not stored, a second observation of one instant,
 * an id twice, two versions of a key with the same end. Throws `internal` when a row would break another
 * constraint of the tables: an empty interval, and the like.
 */
export function changeAccountRows(stored: AccountRows, changes: AccountChanges): AccountRows {
  assertHeadIsCurrent(changes, stored.head);
  return {
    head: changes.head?.head ?? stored.head,
    observations: changeObservations(stored.observations, changes),
    versions: changeVersions(stored.versions, changes.versions),
  };
}

/** The rows that a target holds of one account: immutable, so whoever has read them keeps one consistent state. */
export interface AccountRows {
  readonly head: AccountHead | null;
  readonly observations: ReadonlyMap<Micros, Observation>;
  /** By `version_id`. */
  readonly versions: ReadonlyMap<string, Version>;
}

/** What one batch changes about one account. */
export interface AccountChanges {
  readonly appId: string;
  /** Null when its log does not change. */
  readonly head: HeadChange | null;
  readonly observations: readonly Observation[];
  readonly decisions: readonly Decision[];
  readonly removedObservations: readonly ObservationKey[];
  readonly versions: readonly VersionChange[];
}

/** The account parts of a change set. */
export type ChangesOfAccounts = Pick<
  ChangeSet,
  'heads' | 'observations' | 'decisions' | 'removedObservations' | 'versions'
>;

export const noRows: AccountRows = { head: null, observations: new Map(), versions: new Map() };

/** The changes of a batch by account, in the order in which the accounts first appear. */
export function groupByAccount(changes: ChangesOfAccounts): AccountChanges[] {
  const heads = Map.groupBy(changes.heads, ({ head }) => head.appId);
  const observations = Map.groupBy(changes.observations, ({ appId }) => appId);
  const decisions = Map.groupBy(changes.decisions, ({ appId }) => appId);
  const removed = Map.groupBy(changes.removedObservations, ({ appId }) => appId);
  const versions = Map.groupBy(changes.versions, (change) => versionOf(change).appId);
  const groups = [heads, observations, decisions, removed, versions];
  const appIds = new Set(groups.flatMap((group) => [...group.keys()]));
  return [...appIds].map((appId) => {
    const [head = null, second] = heads.get(appId) ?? [];
    if (second !== undefined) throw refused(`two heads of account ${appId}`);
    return {
      appId,
      head,
      observations: observations.get(appId) ?? [],
      decisions: decisions.get(appId) ?? [],
      removedObservations: removed.get(appId) ?? [],
      versions: versions.get(appId) ?? [],
    };
  });
}

/** Throws `stale_heads` when the stored head of an account is not the one that its change was planned on. */
export function assertHeadIsCurrent(changes: AccountChanges, stored: AccountHead | null): void {
  if (changes.head === null || stored?.revision === changes.head.before?.revision) return;
  throw stale(`account ${changes.appId} changed between reading and writing`);
}

function changeObservations(
  stored: ReadonlyMap<Micros, Observation>,
  { observations, decisions, removedObservations }: AccountChanges,
): ReadonlyMap<Micros, Observation> {
  if (observations.length + decisions.length + removedObservations.length === 0) return stored;
  const rows = new Map(stored);
  for (const observation of observations) {
    if ((observation.payloadHash === null) !== (observation.status === 'failed')) {
      throw refused(`an observation of ${nameOf(observation)} that is ${observation.status}, by its payload`);
    }
    if (rows.has(observation.observedAt)) throw stale(`there is an observation of ${nameOf(observation)} already`);
    rows.set(observation.observedAt, observation);
  }
  for (const decision of decisions) {
    const observation = rows.get(decision.observedAt);
    if (observation === undefined) throw stale(`the observation of ${nameOf(decision)} is not stored`);
    rows.set(decision.observedAt, { ...observation, ...decision });
  }
  for (const removed of removedObservations) {
    if (!rows.delete(removed.observedAt)) throw stale(`the observation of ${nameOf(removed)} is not stored`);
  }
  return rows;
}

function changeVersions(
  stored: ReadonlyMap<string, Version>,
  changes: readonly VersionChange[],
): ReadonlyMap<string, Version> {
  if (changes.length === 0) return stored;
  const rows = new Map(stored);
  for (const change of changes) {
    if (change.op === 'insert') continue;
    const { versionId } = change.before;
    if (!rows.has(versionId)) throw stale(`version ${versionId} is not stored`);
    if (change.op === 'delete') rows.delete(versionId);
    else rows.set(versionId, change.after);
  }
  for (const change of changes) {
    if (change.op !== 'insert') continue;
    if (rows.has(change.after.versionId)) throw stale(`version ${change.after.versionId} is stored already`);
    rows.set(change.after.versionId, change.after);
  }
  assertIntervals(rows.values());
  return rows;
}

function assertIntervals(versions: Iterable<Version>): void {
  const ends = new Set<string>();
  for (const { versionId, sceneKey, effectiveFrom, effectiveTo, endReason } of versions) {
    if ((endReason === null) !== (effectiveTo === OPEN_END)) throw refused(`version ${versionId}, by its end reason`);
    if (effectiveFrom >= effectiveTo) throw refused(`version ${versionId}, which ends before it starts`);
    const end = `${effectiveTo} ${sceneKey}`;
    if (ends.has(end))
      throw stale(`there would be two versions of scene ${sceneKey} that end at ${formatInstant(effectiveTo)}`);
    ends.add(end);
  }
}

function nameOf(key: ObservationKey): string {
  return `account ${key.appId} at ${formatInstant(key.observedAt)}`;
}

function refused(what: string): ScenedimError {
  return new ScenedimError('internal', `the target refuses ${what}`);
}

function stale(what: string): ScenedimError {
  return new ScenedimError('stale_heads', what, { remedy: 'run it again: it reads what was written meanwhile' });
}
