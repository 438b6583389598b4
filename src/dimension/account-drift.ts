import type { Version } from './version.ts';

export const driftKinds = ['matched', 'renamed', 'missing', 'new', 'seen_elsewhere'] as const;
/**
 * How a scene of an account stands to the access sources that are known beforehand. `missing`: the account does not have it;
 * `new`: nobody knew it; `seen_elsewhere`: only the community knew it, so its name is no measure.
 */
export type DriftKind = (typeof driftKinds)[number];

/** A row of the view `scene_drift`, without its account. */
export interface Drift {
  readonly sceneKey: string;
  /** Null exactly when `new`. */
  readonly bundledName: string | null;
  /** Null exactly when `missing`. */
  readonly sceneName: string | null;
  readonly drift: DriftKind;
}

/** A row of the table `access_source`, from wherever it was read. */
export interface KnownSource {
  readonly accessSourceKey: string;
  readonly accessSourceName: string;
  /** `community` ones may be missing. */
  readonly origin: string;
}

/**
 * What the view `scene_drift` says of one account that has an ok answer: the known sources in their order, then what is new.
 * `open` are its open versions.
 */
export function* accountDrift(sources: readonly KnownSource[], open: readonly Version[]): Generator<Drift> {
  const left = new Map(open.map(({ sceneKey, sceneName }) => [sceneKey, sceneName]));
  for (const { accessSourceKey: sceneKey, accessSourceName: bundledName, origin } of sources) {
    const sceneName = left.get(sceneKey) ?? null;
    left.delete(sceneKey);
    if (sceneName === null && origin === 'community') continue;
    yield { sceneKey, bundledName, sceneName, drift: kindOf(sceneName, bundledName, origin) };
  }
  for (const [sceneKey, sceneName] of left) yield { sceneKey, bundledName: null, sceneName, drift: 'new' };
}

function kindOf(sceneName: string | null, bundledName: string, origin: string): DriftKind {
  if (sceneName === null) return 'missing';
  if (origin === 'community') return 'seen_elsewhere';
  return sceneName === bundledName ? 'matched' : 'renamed';
}
