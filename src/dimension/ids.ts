import { hash } from 'node:crypto';
import type { Micros } from '../instant.ts';

/** The durable key of a scene, the same for all its versions: 32 hex digits. */
export function sceneIdOf(appId: string, sceneKey: string): string {
  return idOf(part(appId) + part(sceneKey));
}

/** The key of the version that the observation at `firstObservedAt` opened: 32 hex digits. */
export function versionIdOf(appId: string, sceneKey: string, firstObservedAt: Micros): string {
  return idOf(part(appId) + part(sceneKey) + part(String(firstObservedAt)));
}

/** Both ids of a version. A first load makes a million of them, so their common part is made once. */
export function idsOf(
  appId: string,
  sceneKey: string,
  firstObservedAt: Micros,
): { readonly sceneId: string; readonly versionId: string } {
  const scene = part(appId) + part(sceneKey);
  return { sceneId: idOf(scene), versionId: idOf(scene + part(String(firstObservedAt))) };
}

// The lengths keep ("ab", "c") and ("a", "bc") apart.
function part(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`;
}

function idOf(parts: string): string {
  return hash('sha256', parts, 'hex').slice(0, 32);
}
