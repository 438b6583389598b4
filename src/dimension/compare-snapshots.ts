import type { NormalizedAnswer, Snapshot } from '../normalize/snapshot.ts';

/** True when a snapshot decides presence or absence for every key: nothing is unknown. */
export function isComplete(snapshot: Snapshot): boolean {
  return !snapshot.absencesUnknown && snapshot.unknown.size === 0;
}

/** True when two answers say the same: the same facts about scenes, or the same failure code. */
export function saysTheSame(a: NormalizedAnswer, b: NormalizedAnswer): boolean {
  if (a === b) return true;
  if (a.kind === 'failure' || b.kind === 'failure') {
    return a.kind === 'failure' && b.kind === 'failure' && a.code === b.code;
  }
  if (a.absencesUnknown !== b.absencesUnknown) return false;
  if (a.present.size !== b.present.size || a.unknown.size !== b.unknown.size) return false;
  for (const [key, name] of a.present) if (b.present.get(key) !== name) return false;
  for (const key of a.unknown) if (!b.unknown.has(key)) return false;
  return true;
}
