import type { Snapshot } from '../normalize/snapshot.ts';
import type { GuardSettings } from './guards.ts';
import type { Timeline } from './timeline.ts';

/**
 * Why an answer must be held, or null when it may be applied. `timeline` stands just before the answer.
 * An answer without any present key is judged by `guards.empty` alone.
 */
export function judgeAnswer(snapshot: Snapshot, timeline: Timeline, guards: GuardSettings): 'empty' | 'shrink' | null {
  if (snapshot.present.size === 0) return guards.empty === 'hold' ? 'empty' : null;
  const inForce = timeline.inForce;
  if (inForce === 0 || inForce < guards.minScenes) return null;
  return timeline.countRemovals(snapshot) / inForce > guards.maxShrink ? 'shrink' : null;
}
