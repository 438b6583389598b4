import type { Micros } from '../instant.ts';
import { OPEN_END } from '../instant.ts';

export const firstSeenModes = ['beginning', 'observed'] as const;
/** Where a scene's first version starts when its first fact is "present" (case A01). */
export type FirstSeen = (typeof firstSeenModes)[number];

export const valueKinds = ['numeric', 'sentinel', 'text'] as const;
export type ValueKind = (typeof valueKinds)[number];

export const endReasons = ['renamed', 'removed'] as const;
export type EndReason = (typeof endReasons)[number];

/** One row of `dim_scene`. `is_current` is not a field: it is true exactly when `effectiveTo` is the open end. */
export interface Version {
  /** `id(appId, sceneKey, firstObservedAt)`. */
  readonly versionId: string;
  /** `id(appId, sceneKey)`. */
  readonly sceneId: string;
  readonly appId: string;
  readonly sceneKey: string;
  /** The number, when `valueKind` is `numeric`; within int64. */
  readonly sceneValue: bigint | null;
  readonly valueKind: ValueKind;
  /** True for `@_all`. */
  readonly isAggregate: boolean;
  readonly sceneName: string;
  /** Inclusive. */
  readonly effectiveFrom: Micros;
  /** Exclusive; {@link OPEN_END} while open. */
  readonly effectiveTo: Micros;
  /** Null exactly while open. */
  readonly endReason: EndReason | null;
  /** Time of the observation that opened it. */
  readonly firstObservedAt: Micros;
}

export interface SceneRef {
  readonly appId: string;
  readonly sceneKey: string;
}

export function isOpen(version: Version): boolean {
  return version.effectiveTo === OPEN_END;
}

/** A row of `dim_scene` to insert, replace or delete; `before` is the stored row. */
export type VersionChange =
  | { readonly op: 'insert'; readonly after: Version }
  | { readonly op: 'update'; readonly before: Version; readonly after: Version }
  | { readonly op: 'delete'; readonly before: Version };

/** The row that a change leaves, or deletes. */
export function versionOf(change: VersionChange): Version {
  return change.op === 'delete' ? change.before : change.after;
}
