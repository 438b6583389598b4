/** When an answer is held instead of applied (DESIGN 3.3). */
export interface GuardSettings {
  /** What becomes of an answer without any present key. */
  readonly empty: 'hold' | 'accept';
  /** Fewer versions in force than this are too few to judge. At least 1. */
  readonly minScenes: number;
  /** Held when more than this share of the versions in force would close as removed. 0 to 1. */
  readonly maxShrink: number;
}
