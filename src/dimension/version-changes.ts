import type { Timeline } from './timeline.ts';
import type { Version, VersionChange } from './version.ts';
import { isOpen } from './version.ts';

/** What turns the stored rows into the computed ones. Both lists are of the same keys; equal rows give no change. */
export function diffVersions(stored: readonly Version[], computed: Iterable<Version>): VersionChange[] {
  const changes: VersionChange[] = [];
  const left = new Map(stored.map((version) => [version.versionId, version]));
  for (const after of computed) {
    const before = left.get(after.versionId);
    left.delete(after.versionId);
    if (before === undefined) changes.push({ op: 'insert', after });
    else if (!isSameRow(before, after)) changes.push({ op: 'update', before, after });
  }
  for (const before of left.values()) changes.push({ op: 'delete', before });
  return changes;
}

/** Changes with their counts. They may be read several times; a row to insert may be made anew by each reading. */
export interface VersionChanges extends Iterable<VersionChange> {
  readonly counts: VersionCounts;
}

/** The changes of one account. Without stored rows to compare with, the rows to insert are not kept in memory. */
export function planChanges(stored: readonly Version[], timeline: Timeline): VersionChanges {
  if (stored.length > 0) return listChanges(diffVersions(stored, timeline.versions()));
  return new NewVersions(timeline);
}

class NewVersions implements VersionChanges {
  readonly #opened: number;
  readonly #versions: Iterable<Version>;

  constructor(timeline: Timeline) {
    this.#opened = timeline.size;
    this.#versions = timeline.versions();
  }

  get counts(): VersionCounts {
    return { ...zeroCounts, opened: this.#opened };
  }

  *[Symbol.iterator](): Generator<VersionChange> {
    for (const after of this.#versions) yield { op: 'insert', after };
  }
}

function listChanges(changes: readonly VersionChange[]): VersionChanges {
  return { counts: countChanges(changes), [Symbol.iterator]: () => changes.values() };
}

/** The changes of several accounts, one after the other. */
export function joinChanges(all: readonly VersionChanges[]): VersionChanges {
  const counts = { ...zeroCounts };
  for (const { counts: own } of all) {
    counts.opened += own.opened;
    counts.closed += own.closed;
    counts.rewritten += own.rewritten;
    counts.removed += own.removed;
  }
  return {
    counts,
    *[Symbol.iterator]() {
      for (const changes of all) yield* changes;
    },
  };
}

/** How many rows change. */
export function sumCounts({ opened, closed, rewritten, removed }: VersionCounts): number {
  return opened + closed + rewritten + removed;
}

export interface VersionCounts {
  /** Rows inserted. */
  readonly opened: number;
  /** Rows that were open and are not now. */
  readonly closed: number;
  /** Stored rows that changed other than by being closed. */
  readonly rewritten: number;
  /** Rows deleted. */
  readonly removed: number;
}

const zeroCounts = { opened: 0, closed: 0, rewritten: 0, removed: 0 };

export const noChanges: VersionChanges = listChanges([]);

/** The counts that a report gives for a list of changes. */
export function countChanges(changes: readonly VersionChange[]): VersionCounts {
  const counts = { ...zeroCounts };
  for (const change of changes) {
    if (change.op === 'insert') counts.opened += 1;
    else if (change.op === 'delete') counts.removed += 1;
    else if (isOpen(change.before) && !isOpen(change.after)) counts.closed += 1;
    else counts.rewritten += 1;
  }
  return counts;
}

/** True when two rows of `dim_scene` are equal in every column. */
export function isSameRow(a: Version, b: Version): boolean {
  return (
    a === b ||
    (a.versionId === b.versionId &&
      a.sceneId === b.sceneId &&
      a.appId === b.appId &&
      a.sceneKey === b.sceneKey &&
      a.sceneValue === b.sceneValue &&
      a.valueKind === b.valueKind &&
      a.isAggregate === b.isAggregate &&
      a.sceneName === b.sceneName &&
      a.effectiveFrom === b.effectiveFrom &&
      a.effectiveTo === b.effectiveTo &&
      a.endReason === b.endReason &&
      a.firstObservedAt === b.firstObservedAt)
  );
}
