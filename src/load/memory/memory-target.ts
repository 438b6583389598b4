import { ScenedimError } from '../../errors.ts';
import type { AccountChanges, AccountRows } from '../account-rows.ts';
import { changeAccountRows, groupByAccount, noRows } from '../account-rows.ts';
import type { ChangeSet, ObservationKey, Payload, RunRecord, TargetMeta } from '../loader.ts';
import { LockTable } from '../lock-table.ts';

/** A target in memory: what a database is to the other loaders. Many memory loaders may share one. */
export interface MemoryTarget {
  /** Null before the first `migrate`. */
  meta: TargetMeta | null;
  readonly locks: LockTable;
  /** By app_id; each value is replaced, never changed, so a reader keeps the state that it has seen. */
  readonly accounts: Map<string, AccountRows>;
  readonly payloads: Map<string, Uint8Array>;
  /** By run id: the newest record of each run. */
  readonly runs: Map<string, RunRecord>;
  /** By run id, account, time and index, as the rows of `scene_reject` are. */
  readonly rejects: Map<string, ChangeSet['rejects'][number]>;
  /** Which account owns a `version_id`. */
  readonly versionOwners: Map<string, string>;
  /** App ids; replaced, never changed. */
  roster: ReadonlySet<string>;
  /** By app_id. */
  readonly refreshTokens: Map<string, string>;
}

export function createMemoryTarget(): MemoryTarget {
  return {
    meta: null,
    locks: new LockTable(),
    accounts: new Map(),
    payloads: new Map(),
    runs: new Map(),
    rejects: new Map(),
    versionOwners: new Map(),
    roster: new Set(),
    refreshTokens: new Map(),
  };
}

/** Applies a change set at once: everything is validated before anything is written, and nothing here waits. */
export function applyToMemory(target: MemoryTarget, changeSet: ChangeSet): void {
  const { run } = changeSet;
  const stored = target.runs.get(run.runId);
  if (stored !== undefined && stored.batches >= run.batches) {
    // The end of a run may come without a batch of its own.
    if (stored.batches === run.batches && stored.finishedAt === null) target.runs.set(run.runId, run);
    return;
  }
  const groups = groupByAccount(changeSet);
  const changed = new Map<string, AccountRows>();
  for (const group of groups) {
    changed.set(group.appId, changeAccountRows(target.accounts.get(group.appId) ?? noRows, group));
  }
  assertIdsAreFree(target, groups);
  const missing = changeSet.removedPayloads.find((payloadHash) => !target.payloads.has(payloadHash));
  if (missing !== undefined) throw new ScenedimError('stale_heads', `the body ${missing} is not stored`);

  for (const payload of changeSet.payloads) storePayload(target, payload);
  for (const [appId, rows] of changed) target.accounts.set(appId, rows);
  for (const { versions } of groups) recordOwners(target, versions);
  for (const payloadHash of changeSet.removedPayloads) target.payloads.delete(payloadHash);
  removeRejects(target, changeSet.removedObservations);
  for (const reject of changeSet.rejects) {
    target.rejects.set([run.runId, reject.appId, reject.observedAt, reject.index].join('\n'), reject);
  }
  target.runs.set(run.runId, run);
}

function storePayload(target: MemoryTarget, { payloadHash, body }: Payload): void {
  const stored = target.payloads.get(payloadHash);
  // The hash names the bytes, so a stored body that differs is damaged. A copy: the caller may use its buffer again.
  if (stored === undefined || Buffer.compare(stored, body) !== 0)
    target.payloads.set(payloadHash, Uint8Array.from(body));
}

function removeRejects({ rejects }: MemoryTarget, removed: readonly ObservationKey[]): void {
  if (removed.length === 0) return;
  const keys = new Set(removed.map(({ appId, observedAt }) => `${observedAt} ${appId}`));
  for (const [key, { appId, observedAt }] of rejects) if (keys.has(`${observedAt} ${appId}`)) rejects.delete(key);
}

/** A `version_id` is unique in the whole table, not only within its account. */
function assertIdsAreFree(target: MemoryTarget, groups: readonly AccountChanges[]): void {
  const owners = new Map<string, string>();
  for (const { appId, versions } of groups) {
    for (const change of versions) {
      if (change.op !== 'insert') continue;
      const { versionId } = change.after;
      const owner = owners.get(versionId) ?? target.versionOwners.get(versionId);
      if (owner !== undefined && owner !== appId) {
        throw new ScenedimError('internal', `the target refuses version ${versionId}, which account ${owner} has`);
      }
      owners.set(versionId, appId);
    }
  }
}

function recordOwners(target: MemoryTarget, changes: AccountChanges['versions']): void {
  for (const change of changes) if (change.op === 'delete') target.versionOwners.delete(change.before.versionId);
  for (const change of changes) {
    if (change.op === 'insert') target.versionOwners.set(change.after.versionId, change.after.appId);
  }
}
