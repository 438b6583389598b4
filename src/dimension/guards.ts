import type { Snapshot } from '../normalize/snapshot.ts';
import type { Timeline } from './timeline.ts';

/**
 * Why an answer must be held, or null when it may be applied. `timeline` stands just before the answer.
 * An answer without any present key is judged by `guards.empty` alone.
 */
export function applyGuards(snapshot: Snapshot, timeline: Timeline, guards: GuardSettings): Hold | null {
  const { inForce } = timeline;
  const removals = timeline.countRemovals(snapshot);
  if (snapshot.present.size === 0) return guards.empty === 'hold' ? { reason: 'empty', removals, inForce } : null;
  if (inForce === 0 || inForce < guards.minScenes) return null;
  return removals / inForce > guards.maxShrink ? { reason: 'shrink', removals, inForce } : null;
}

/** Why a guard holds an answer, and what the answer would do. */
export interface Hold {
  readonly reason: 'empty' | 'shrink';
  /** How many versions it would close as removed. */
  readonly removals: number;
  /** How many are in force before it. */
  readonly inForce: number;
}

/** What a held answer would do, to be put behind "the answer". */
export function describeHold({ reason, removals, inForce }: Hold): string {
  if (reason === 'empty') return 'lists no scene';
  return `would remove ${removals} of ${inForce} scenes, more than guards.maxShrink allows`;
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
