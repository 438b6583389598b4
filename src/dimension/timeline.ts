import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import { BEGINNING, OPEN_END } from '../instant.ts';
import type { Snapshot } from '../normalize/snapshot.ts';
import { classifyKey } from './classify-key.ts';
import { idsOf } from './ids.ts';
import type { EndReason, FirstSeen, Version } from './version.ts';

/**
 * Makes the versions of one account from its ok answers, which come oldest first. The cost is
 * linear in the rows of the answers. Most accounts of a first load have one answer. It is kept as
 * it is: its versions are made when they are read, or when a second answer comes.
 */
export class Timeline {
  readonly #options: TimelineOptions;
  #only: { readonly observedAt: Micros; readonly snapshot: Snapshot } | null = null;
  #materialized: MaterializedTimeline | null;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#materialized = options.resumeFrom === undefined ? null : new MaterializedTimeline(options);
  }

  /** How many versions are in force after the answers so far. */
  get inForce(): number {
    return this.#names().size;
  }

  /** How many versions there are so far. */
  get size(): number {
    return this.#materialized?.size ?? this.inForce;
  }

  /** How many versions in force the snapshot would close as removed. */
  countRemovals(snapshot: Snapshot): number {
    return countRemovals(snapshot, this.#names().keys());
  }

  /** Takes the next answer; `observedAt` is later than that of every answer before. */
  observe(observedAt: Micros, snapshot: Snapshot): void {
    if (this.#materialized === null && this.#only === null) {
      this.#only = { observedAt, snapshot };
      return;
    }
    this.#materialized ??= new MaterializedTimeline(this.#options);
    if (this.#only !== null) this.#materialized.observe(this.#only.observedAt, this.#only.snapshot);
    this.#only = null;
    this.#materialized.observe(observedAt, snapshot);
  }

  /**
   * Every version so far, in no order; to be read after the last answer. A resumed timeline has
   * those that it was given or opened. Those of an only answer are made anew by each reading.
   */
  versions(): Iterable<Version> {
    if (this.#materialized !== null) return this.#materialized.versions();
    return this.#only === null ? [] : new VersionsOfAnswer(this.#options, this.#only.observedAt, this.#only.snapshot);
  }

  /** The names in force by their keys. */
  #names(): ReadonlyMap<string, string> {
    return this.#materialized?.names ?? this.#only?.snapshot.present ?? noNames;
  }
}

const noNames: ReadonlyMap<string, string> = new Map();

/**
 * The versions of an only answer. A batch holds those of 20,000 accounts, so it keeps two arrays,
 * which take half the memory of the snapshot.
 */
class VersionsOfAnswer implements Iterable<Version> {
  readonly #appId: string;
  readonly #from: Micros;
  readonly #observedAt: Micros;
  readonly #keys: readonly string[];
  readonly #names: readonly string[];

  constructor({ appId, firstSeen }: TimelineOptions, observedAt: Micros, { present }: Snapshot) {
    this.#appId = appId;
    this.#from = firstSeen === 'beginning' ? BEGINNING : observedAt;
    this.#observedAt = observedAt;
    this.#keys = [...present.keys()];
    this.#names = [...present.values()];
  }

  *[Symbol.iterator](): Generator<Version> {
    for (const [index, key] of this.#keys.entries()) {
      yield openVersion(this.#appId, key, this.#names[index] ?? '', this.#from, this.#observedAt);
    }
  }
}

/** A timeline of several answers, or a resumed one. It holds its versions. */
class MaterializedTimeline {
  readonly names: Map<string, string>;
  readonly #appId: string;
  readonly #firstSeen: FirstSeen;
  readonly #open: Map<string, Version>;
  readonly #closed: Version[] = [];
  readonly #facts: FactMemory;

  constructor({ appId, firstSeen, resumeFrom }: TimelineOptions) {
    this.names = new Map(resumeFrom?.snapshot.present);
    this.#appId = appId;
    this.#firstSeen = firstSeen;
    this.#open = new Map(resumeFrom?.openVersions.map((version) => [version.sceneKey, version]));
    this.#facts = new FactMemory(resumeFrom !== undefined);
  }

  get size(): number {
    return this.#closed.length + this.#open.size;
  }

  versions(): readonly Version[] {
    return [...this.#closed, ...this.#open.values()];
  }

  observe(observedAt: Micros, snapshot: Snapshot): void {
    const { names } = this;
    for (const [key, name] of snapshot.present) {
      const current = names.get(key);
      if (current === name) continue;
      if (current !== undefined) this.#close(key, observedAt, 'renamed');
      const fromBeginning = this.#firstSeen === 'beginning' && current === undefined && this.#facts.isFirst(key);
      const from = fromBeginning ? BEGINNING : observedAt;
      this.#open.set(key, openVersion(this.#appId, key, name, from, observedAt));
      names.set(key, name);
    }
    // Every present key is in force now, so equal sizes mean that nothing else is.
    if (!snapshot.absencesUnknown && names.size > snapshot.present.size) {
      for (const key of names.keys()) if (isRemovedBy(snapshot, key)) this.#close(key, observedAt, 'removed');
    }
    this.#facts.remember(snapshot);
  }

  #close(key: string, effectiveTo: Micros, endReason: EndReason): void {
    const version = this.#open.get(key);
    if (version === undefined) throw missingVersion(this.#appId, key);
    this.#closed.push({ ...version, effectiveTo, endReason });
    this.#open.delete(key);
    this.names.delete(key);
  }
}

/** How many of these keys, which are in force, the snapshot would close as removed. */
export function countRemovals(snapshot: Snapshot, keysInForce: Iterable<string>): number {
  if (snapshot.absencesUnknown) return 0;
  let removals = 0;
  for (const key of keysInForce) if (isRemovedBy(snapshot, key)) removals += 1;
  return removals;
}

function isRemovedBy(snapshot: Snapshot, key: string): boolean {
  return !snapshot.present.has(key) && !snapshot.unknown.has(key);
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

/**
 * Field by field, because a spread takes more than twice as long, and every version is made here.
 */
function openVersion(appId: string, key: string, name: string, from: Micros, firstObservedAt: Micros): Version {
  const { sceneValue, valueKind, isAggregate } = classifyKey(key);
  const { versionId, sceneId } = idsOf(appId, key, firstObservedAt);
  return {
    versionId,
    sceneId,
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
 * that it neither lists nor leaves unknown. So a key has no fact yet when each answer so far left
 * it unknown.
 */
class FactMemory {
  readonly #everyKeyHasOne: boolean;
  readonly #listed = new Set<string>();
  readonly #timesUnknown = new Map<string, number>();
  #answersWithAbsences = 0;

  constructor(everyKeyHasOne: boolean) {
    this.#everyKeyHasOne = everyKeyHasOne;
  }

  isFirst(key: string): boolean {
    if (this.#everyKeyHasOne || this.#listed.has(key)) return false;
    return (this.#timesUnknown.get(key) ?? 0) === this.#answersWithAbsences;
  }

  remember({ present, unknown, absencesUnknown }: Snapshot): void {
    if (this.#everyKeyHasOne) return;
    for (const key of present.keys()) this.#listed.add(key);
    if (absencesUnknown) return;
    this.#answersWithAbsences += 1;
    for (const key of unknown) this.#timesUnknown.set(key, (this.#timesUnknown.get(key) ?? 0) + 1);
  }
}
