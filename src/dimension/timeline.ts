import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import { BEGINNING, OPEN_END } from '../instant.ts';
import type { Snapshot } from '../normalize/snapshot.ts';
import { classifyKey } from './classify-key.ts';
import { sceneIdOf, versionIdOf } from './ids.ts';
import type { EndReason, FirstSeen, Version } from './version.ts';

/** Starts the timeline of one account. Its cost is linear in the rows of the answers. */
export function createTimeline({ appId, firstSeen, resumeFrom }: TimelineOptions): Timeline {
  const names = new Map(resumeFrom?.snapshot.present);
  const open = new Map(resumeFrom?.openVersions.map((version) => [version.sceneKey, version]));
  const closed: Version[] = [];
  const facts = createFactMemory(resumeFrom !== undefined);

  function close(key: string, effectiveTo: Micros, endReason: EndReason): void {
    const version = open.get(key);
    if (version === undefined) throw missingVersion(appId, key);
    closed.push({ ...version, effectiveTo, endReason });
    open.delete(key);
    names.delete(key);
  }

  function isRemovedBy(snapshot: Snapshot, key: string): boolean {
    return !snapshot.present.has(key) && !snapshot.unknown.has(key);
  }

  return {
    get inForce() {
      return names.size;
    },

    countRemovals(snapshot) {
      if (snapshot.absencesUnknown) return 0;
      let removals = 0;
      for (const key of names.keys()) if (isRemovedBy(snapshot, key)) removals += 1;
      return removals;
    },

    observe(observedAt, snapshot) {
      for (const [key, name] of snapshot.present) {
        const current = names.get(key);
        if (current === name) continue;
        if (current !== undefined) close(key, observedAt, 'renamed');
        const fromBeginning = firstSeen === 'beginning' && current === undefined && facts.isFirst(key);
        open.set(key, openVersion(appId, key, name, fromBeginning ? BEGINNING : observedAt, observedAt));
        names.set(key, name);
      }
      // Every present key is in force now, so equal sizes mean that nothing else is.
      if (!snapshot.absencesUnknown && names.size > snapshot.present.size) {
        for (const key of names.keys()) if (isRemovedBy(snapshot, key)) close(key, observedAt, 'removed');
      }
      facts.remember(snapshot);
    },

    versions: () => [...closed, ...open.values()],
  };
}

/** The versions of one account as its ok answers unfold, oldest first. */
export interface Timeline {
  /** How many versions are in force after the answers so far. */
  readonly inForce: number;
  /** How many versions in force the snapshot would close as removed. */
  countRemovals(snapshot: Snapshot): number;
  /** Takes the next answer; `observedAt` is later than that of every answer before. */
  observe(observedAt: Micros, snapshot: Snapshot): void;
  /** Every version so far, in no order. A resumed timeline has those that it was given or opened. */
  versions(): Version[];
}

/** Where a timeline goes on: behind an ok answer that left nothing unknown. */
export interface ResumePoint {
  /** That answer: its keys are those in force, every other key was absent then. */
  readonly snapshot: Snapshot;
  /** The stored open versions of at least the keys that the answers to come change. */
  readonly openVersions: readonly Version[];
}

export interface TimelineOptions {
  readonly appId: string;
  readonly firstSeen: FirstSeen;
  /** Left out: start before the first answer. */
  readonly resumeFrom?: ResumePoint;
}

/**
 * The keys whose version the answers change. Only these need their stored version; `before` is the
 * answer before them.
 */
export function touchedKeys(before: Snapshot, answers: Iterable<Snapshot>): Set<string> {
  const touched = new Set<string>();
  for (const answer of answers) {
    for (const [key, name] of before.present) if (answer.present.get(key) !== name) touched.add(key);
  }
  return touched;
}

function missingVersion(appId: string, key: string): ScenedimError {
  return new ScenedimError(
    'data_refused',
    `account ${appId}: the open version of scene ${key} is missing from dim_scene`,
    { remedy: 'run `scenedim verify`, then `scenedim rebuild`' },
  );
}

/** Field by field, because a spread takes more than twice as long, and every version is made here. */
function openVersion(appId: string, key: string, name: string, from: Micros, firstObservedAt: Micros): Version {
  const { sceneValue, valueKind, isAggregate } = classifyKey(key);
  return {
    versionId: versionIdOf(appId, key, firstObservedAt),
    sceneId: sceneIdOf(appId, key),
    appId,
    sceneKey: key,
    sceneValue,
    valueKind,
    isAggregate,
    sceneName: name,
    effectiveFrom: from,
    effectiveTo: OPEN_END,
    endReason: null,
    firstObservedAt,
  };
}

/**
 * Tells whether the next fact about a key would be its first. An answer says "absent" of every key
 * that it neither lists nor leaves unknown. So a key has no fact yet when each answer so far left it
 * unknown.
 */
function createFactMemory(everyKeyHasOne: boolean) {
  const listed = new Set<string>();
  const timesUnknown = new Map<string, number>();
  let answersWithAbsences = 0;
  return {
    isFirst(key: string): boolean {
      return !everyKeyHasOne && !listed.has(key) && (timesUnknown.get(key) ?? 0) === answersWithAbsences;
    },
    remember(snapshot: Snapshot): void {
      for (const key of snapshot.present.keys()) listed.add(key);
      if (snapshot.absencesUnknown) return;
      answersWithAbsences += 1;
      for (const key of snapshot.unknown) timesUnknown.set(key, (timesUnknown.get(key) ?? 0) + 1);
    },
  };
}
