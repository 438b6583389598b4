import type { Micros } from '../instant.ts';
import { BEGINNING, OPEN_END } from '../instant.ts';
import type { Snapshot } from '../normalize/snapshot.ts';
import { sceneIdOf, versionIdOf } from './ids.ts';
import { classifyKey } from './scene-key.ts';
import type { EndReason, FirstSeen, Version } from './version.ts';

/** The versions of one account as its ok answers unfold, oldest first (DESIGN 3.2). */
export interface Timeline {
  /** Versions in force after the answers so far, by key. */
  readonly open: ReadonlyMap<string, Version>;
  /** How many versions in force the snapshot would close as removed. */
  countRemovals(snapshot: Snapshot): number;
  /** Takes the next answer; `observedAt` is later than that of every answer before. */
  observe(observedAt: Micros, snapshot: Snapshot): void;
  /** Every version so far, open ones included, in no order. */
  versions(): Version[];
}

export interface TimelineOptions {
  readonly appId: string;
  readonly firstSeen: FirstSeen;
  /**
   * Continue behind an ok answer that left nothing unknown: the versions that it left open. Every other key was absent
   * then. Left out: start before the first answer.
   */
  readonly resumeFrom?: Iterable<Version>;
}

/** Starts the timeline of one account. Its cost is linear in the rows of the answers. */
export function createTimeline(options: TimelineOptions): Timeline {
  const { appId, firstSeen } = options;
  const open = new Map<string, Version>();
  const closed: Version[] = [];
  const facts = createFactMemory(options.resumeFrom !== undefined);
  for (const version of options.resumeFrom ?? []) open.set(version.sceneKey, version);

  function close(version: Version, effectiveTo: Micros, endReason: EndReason): void {
    closed.push({ ...version, effectiveTo, endReason });
    open.delete(version.sceneKey);
  }

  function isRemovedBy(snapshot: Snapshot, key: string): boolean {
    return !snapshot.present.has(key) && !snapshot.unknown.has(key);
  }

  return {
    open,

    countRemovals(snapshot) {
      if (snapshot.absencesUnknown) return 0;
      let removals = 0;
      for (const key of open.keys()) if (isRemovedBy(snapshot, key)) removals += 1;
      return removals;
    },

    observe(observedAt, snapshot) {
      for (const [key, name] of snapshot.present) {
        const current = open.get(key);
        if (current?.sceneName === name) continue;
        if (current !== undefined) close(current, observedAt, 'renamed');
        const fromBeginning = firstSeen === 'beginning' && current === undefined && facts.isFirst(key);
        open.set(key, openVersion(appId, key, name, fromBeginning ? BEGINNING : observedAt, observedAt));
      }
      // Every present key is open now, so equal sizes mean that nothing else is.
      if (!snapshot.absencesUnknown && open.size > snapshot.present.size) {
        for (const [key, version] of open) if (isRemovedBy(snapshot, key)) close(version, observedAt, 'removed');
      }
      facts.remember(snapshot);
    },

    versions: () => [...closed, ...open.values()],
  };
}

function openVersion(appId: string, key: string, name: string, from: Micros, firstObservedAt: Micros): Version {
  return {
    versionId: versionIdOf(appId, key, firstObservedAt),
    sceneId: sceneIdOf(appId, key),
    appId,
    sceneKey: key,
    ...classifyKey(key),
    sceneName: name,
    effectiveFrom: from,
    effectiveTo: OPEN_END,
    endReason: null,
    firstObservedAt,
  };
}

/**
 * Knows whether the next fact about a key would be its first. An answer says "absent" of every key that it neither lists
 * nor leaves unknown, so a key has no fact yet when it was unknown in each answer so far.
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
