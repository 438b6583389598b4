import type { Micros } from '../instant.ts';
import type { Version } from './version.ts';

export const sceneChangeKinds = ['opened', 'renamed', 'removed', 'returned'] as const;
/** `opened`: the scene's first version; `returned`: a version after a gap. */
export type SceneChangeKind = (typeof sceneChangeKinds)[number];

/** What happened to a scene at an instant: a row of the table function `scene_changes`. */
export interface SceneChange {
  readonly appId: string;
  readonly sceneKey: string;
  readonly changedAt: Micros;
  readonly change: SceneChangeKind;
  /** The newest name before; null when `opened`. */
  readonly oldName: string | null;
  /** Null when `removed`. */
  readonly newName: string | null;
}

/** `[since, until)`, by effective times. */
export interface ChangePeriod {
  readonly since: Micros;
  readonly until: Micros;
}

/**
 * What happened in a period, in the order of the versions, which must be all of each scene, ordered by app_id, scene_key,
 * effective_from. The instant of a rename is one change, not an end and a beginning.
 */
export function* sceneChanges(versions: Iterable<Version>, { since, until }: ChangePeriod): Generator<SceneChange> {
  const isInside = (instant: Micros): boolean => since <= instant && instant < until;
  let before: Version | undefined;
  for (const version of versions) {
    if (before?.sceneId !== version.sceneId) before = undefined;
    if (isInside(version.effectiveFrom)) yield beginningOf(version, before);
    const { effectiveTo } = version;
    if (version.endReason === 'removed' && isInside(effectiveTo)) yield removalOf(version);
    before = version;
  }
}

function beginningOf(version: Version, before: Version | undefined): SceneChange {
  const { appId, sceneKey, effectiveFrom: changedAt, sceneName: newName } = version;
  if (before === undefined) return { appId, sceneKey, changedAt, change: 'opened', oldName: null, newName };
  const change = before.effectiveTo === changedAt ? 'renamed' : 'returned';
  return { appId, sceneKey, changedAt, change, oldName: before.sceneName, newName };
}

function removalOf({ appId, sceneKey, effectiveTo: changedAt, sceneName: oldName }: Version): SceneChange {
  return { appId, sceneKey, changedAt, change: 'removed', oldName, newName: null };
}
