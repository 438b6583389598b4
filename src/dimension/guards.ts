import type { Snapshot } from '../normalize/snapshot.ts';
import type { Timeline } from './timeline.ts';

/**
 * Why an answer must be held, or null when it may be applied. `timeline` stands just before the answer.
 * An answer without any present key is judged by `guards.empty` alone.
 */
export function applyGuards(snapshot: Snapshot, timeline: Timeline, guards: GuardSettings): 'empty' | 'shrink' | null {
  if (snapshot.present.size === 0) return guards.empty === 'hold' ? 'empty' : null;
  const inForce = timeline.inForce;
  if (inForce === 0 || inForce < guards.minScenes) return null;
  return timeline.countRemovals(snapshot) / inForce > guards.maxShrink ? 'shrink' : null;
}

/** When an answer is held instead of applied. */
export interface GuardSettings {
  /** What becomes of an answer without any present key. */
  readonly empty: 'hold' | 'accept';
  /** Fewer versions in force than this are too few to judge. At least 1. */
  readonly minScenes: number;
  /** Held when more than this share of the versions in force would close as removed. 0 to 1. */
  readonly maxShrink: number;
}
