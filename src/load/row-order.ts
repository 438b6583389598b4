import { compareCodePoints } from '../compare-code-points.ts';
import type { Observation } from '../dimension/observation.ts';
import type { Version } from '../dimension/version.ts';

export function orderObservations(observations: Iterable<Observation>): Observation[] {
  return [...observations].sort((a, b) => compareBigints(a.observedAt, b.observedAt));
}

/** The versions of one account by scene_key and effective_from. */
export function orderVersions(versions: Iterable<Version>): Version[] {
  return [...versions].sort(
    (a, b) => compareCodePoints(a.sceneKey, b.sceneKey) || compareBigints(a.effectiveFrom, b.effectiveFrom),
  );
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
