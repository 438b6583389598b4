import type { SceneRef, Version } from '../dimension/version.ts';
import { isOpen } from '../dimension/version.ts';
import type { VersionQuery } from './loader.ts';

/** Makes a test that is true for a version that fulfils every field of a query but `appIds`. */
export function createVersionFilter({ openOnly, asOf, sceneKey, scenes }: VersionQuery): (version: Version) => boolean {
  const asked = scenes === undefined ? undefined : new Set(scenes.map(sceneText));
  return (version) =>
    (openOnly !== true || isOpen(version)) &&
    (asOf === undefined || (version.effectiveFrom <= asOf && asOf < version.effectiveTo)) &&
    (sceneKey === undefined || version.sceneKey === sceneKey) &&
    (asked === undefined || asked.has(sceneText(version)));
}

/** Neither an app id nor a key holds U+0000. */
function sceneText({ appId, sceneKey }: SceneRef): string {
  return `${appId}\0${sceneKey}`;
}
