import type { ChangePeriod } from '../dimension/scene-changes.ts';
import type { SceneRef, Version } from '../dimension/version.ts';
import { isOpen } from '../dimension/version.ts';
import { type Micros, OPEN_END } from '../instant.ts';
import type { VersionQuery } from './loader.ts';

/** Makes a test that is true for a version that fulfils every field of a query but `appIds`. */
export function createVersionFilter(query: VersionQuery): (version: Version) => boolean {
  const { openOnly, asOf, changedIn, sceneKey, scenes } = query;
  const asked = scenes === undefined ? undefined : new Set(scenes.map(sceneText));
  return (version) =>
    (openOnly !== true || isOpen(version)) &&
    (asOf === undefined || (version.effectiveFrom <= asOf && asOf < version.effectiveTo)) &&
    (changedIn === undefined || isChangedIn(version, changedIn)) &&
    (sceneKey === undefined || version.sceneKey === sceneKey) &&
    (asked === undefined || asked.has(sceneText(version)));
}

function isChangedIn({ effectiveFrom, effectiveTo }: Version, { since, until }: ChangePeriod): boolean {
  const isInside = (instant: Micros): boolean => since <= instant && instant < until;
  return isInside(effectiveFrom) || (effectiveTo !== OPEN_END && isInside(effectiveTo));
}

/** Neither an app id nor a key holds U+0000. */
function sceneText({ appId, sceneKey }: SceneRef): string {
  return `${appId}\0${sceneKey}`;
}
