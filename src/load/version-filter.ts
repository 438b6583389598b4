import type { SceneRef, Version } from '../dimension/version.ts';
import { isOpen } from '../dimension/version.ts';
import type { Micros } from '../instant.ts';

/** Which versions of some accounts; no field: all. */
export interface VersionFilter {
  readonly openOnly?: boolean;
  /** Only those in force at this instant: from is inclusive, to is exclusive. */
  readonly asOf?: Micros;
  readonly sceneKey?: string;
  /** Only those of these scenes. */
  readonly scenes?: readonly SceneRef[];
}

/** Makes a test that is true for a version that fulfils every field of the filter. */
export function createVersionTest({ openOnly, asOf, sceneKey, scenes }: VersionFilter): (version: Version) => boolean {
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
