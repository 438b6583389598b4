/** Finds out that answers which stored rows were computed from are gone from the log, so that nothing is dated anew. */
import { ScenedimError } from '../errors.ts';
import { formatInstant, type Micros } from '../instant.ts';
import type { AccountHead } from './account-head.ts';
import { versionIdOf } from './ids.ts';
import type { Observation } from './observation.ts';
import type { Version, VersionChange } from './version.ts';
import { isOpen } from './version.ts';

/** What is missing of the log of an account; null when nothing that its stored rows need is. */
export function findCut({ versions, head, log, changes, mayRedate }: CutInputs): LogCut | null {
  const missing = new Set<Micros>();
  for (const version of versions) {
    if (!log.hasOpened(version) && hasOwnId(version)) missing.add(version.firstObservedAt);
  }
  for (const change of changes) if (wasClosedByAnother(change, log)) missing.add(change.before.effectiveTo);
  if (head !== null) {
    if (head.lastOkAt !== null && !log.hasOk(head.lastOkAt)) missing.add(head.lastOkAt);
  }
  const held = missingHeld(head, log);
  const isEmpty = log.isEmpty && (missing.size > 0 || held !== null || (head !== null && !isEmptied(head)));
  const isRedated = !mayRedate && changes.some(startsFromBeginning);
  if (missing.size === 0 && held === null && !isEmpty && !isRedated) return null;
  return { missing: [...missing].sort(byTime), held, isEmpty };
}

/** The newest answer of an account that was held, when it is gone: no version came of it. */
function missingHeld(head: AccountHead | null, log: LogTimes): Micros | null {
  if (head === null || head.lastObservedAt === null || head.lastObservedAt === head.lastOkAt) return null;
  return log.hasAnswer(head.lastObservedAt) ? null : head.lastObservedAt;
}

/** A log that was cut: a retention job, an expired partition. */
export interface LogCut {
  /** Times of ok answers that are missing, oldest first; none when one is missing whose time nobody knows. */
  readonly missing: readonly Micros[];
  /** The time of the newest answer when that was held and is missing. */
  readonly held: Micros | null;
  /** True when no observation of the account is left. */
  readonly isEmpty: boolean;
}

export interface CutInputs {
  /** As they are stored. */
  readonly versions: readonly Version[];
  readonly head: AccountHead | null;
  readonly log: LogTimes;
  /** What turns the stored versions into those that the log gives. */
  readonly changes: readonly VersionChange[];
  /** True when changes may newly date a version from the beginning: other settings, new observations or decisions. */
  readonly mayRedate: boolean;
}

/** The times of the observations of one account. */
export class LogTimes {
  readonly #ok = new Set<Micros>();
  readonly #held = new Set<Micros>();
  readonly #names = new Map<Micros, ReadonlyMap<string, string>>();
  #isEmpty = true;

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** `names`: what a new answer lists. It stands for a missing one only when it lists the version of that time. */
  add({ observedAt, status }: Pick<Observation, 'observedAt' | 'status'>, names?: ReadonlyMap<string, string>): void {
    this.#isEmpty = false;
    if (status === 'ok') this.#ok.add(observedAt);
    if (status === 'held') this.#held.add(observedAt);
    if (names !== undefined) this.#names.set(observedAt, names);
  }

  hasOk(observedAt: Micros): boolean {
    return this.#ok.has(observedAt);
  }

  /** An ok or held one. */
  hasAnswer(observedAt: Micros): boolean {
    return this.#ok.has(observedAt) || this.#held.has(observedAt);
  }

  hasOpened({ firstObservedAt, sceneKey, sceneName }: Version): boolean {
    const names = this.#names.get(firstObservedAt);
    return this.#ok.has(firstObservedAt) && (names === undefined || names.get(sceneKey) === sceneName);
  }
}

/** A head of which a shortened log was accepted, when nothing was left of it: it says nothing any more. */
export function emptiedHead(head: AccountHead): AccountHead {
  const nothing = { lastOkAt: null, lastObservedAt: null, lastPayloadHash: null, lastErrorCode: null };
  return { ...head, ...nothing, removalsSuspendedSince: null };
}

/** True for {@link emptiedHead}. */
export function isEmptied({ lastOkAt, lastObservedAt, lastErrorCode }: AccountHead): boolean {
  return lastOkAt === null && lastObservedAt === null && lastErrorCode === null;
}

/** What to do about a log that was cut. `rebuild` is no remedy: it would date history anew. */
export const SHORTENED_REMEDY =
  'bring the answers back: scenedim replay of a copy of the log (export-log), or restore scene_observation and scene_payload ' +
  'from a backup';

export function shortenedLog(appId: string, what: string, remedy: string = SHORTENED_REMEDY): ScenedimError {
  return new ScenedimError('log_shortened', `account ${appId}: ${what}`, { remedy });
}

/** The cut in words. */
export function describeCut({ missing, held, isEmpty }: LogCut): string {
  if (isEmpty) return 'its log was cut: no observation of it is left in scene_observation';
  const [first] = missing;
  if (first === undefined && held !== null)
    return `its log was cut: the held answer of ${formatInstant(held)} is missing from scene_observation`;
  if (first === undefined)
    return 'its log was cut: an ok answer that is older than its versions is missing from scene_observation';
  const answers = missing.length === 1 ? 'an ok answer' : `${missing.length} ok answers`;
  const isOrAre =
    missing.length === 1
      ? `is missing from scene_observation, of`
      : `are missing from scene_observation, the oldest of`;
  const andHeld = held === null ? '' : `; so is the held answer of ${formatInstant(held)}`;
  return `its log was cut: ${answers} that its stored rows come from ${isOrAre} ${formatInstant(first)}${andHeld}`;
}

/** An observation in words whose body is gone. */
export function describeLostBody({ payloadHash, observedAt }: Observation): string {
  return `its log was cut: the body ${payloadHash} of its answer at ${formatInstant(observedAt)} is missing from scene_payload or damaged`;
}

/** A row that was written by hand is no evidence: `rebuild` takes it out. */
function hasOwnId({ versionId, appId, sceneKey, firstObservedAt }: Version): boolean {
  return versionId === versionIdOf(appId, sceneKey, firstObservedAt);
}

/**
 * True when a removal was seen by an answer that is missing: without it the version lasts longer. A
 * row that should end earlier was damaged by something else.
 */
function wasClosedByAnother(
  change: VersionChange,
  log: LogTimes,
): change is Extract<VersionChange, { readonly op: 'update' }> {
  if (change.op !== 'update') return false;
  const { before, after } = change;
  if (isOpen(before) || before.endReason !== 'removed') return false;
  return after.effectiveTo > before.effectiveTo && !log.hasOk(before.effectiveTo);
}

/** True when the answer is missing that said that there was no such scene before. */
function startsFromBeginning(change: VersionChange): boolean {
  if (change.op !== 'update') return false;
  const { before, after } = change;
  return before.effectiveFrom === before.firstObservedAt && after.effectiveFrom < before.effectiveFrom;
}

function byTime(a: Micros, b: Micros): number {
  return Number(a - b);
}
