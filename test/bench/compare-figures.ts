import { type Figure, nameOf } from './summary.ts';

const slowerBy = 1.1;
/** Of fewer repeats nobody knows the noise. */
export const fewestRepeats = 3;

export interface Comparison {
  readonly slower: readonly string[];
  /** Figures of the baseline that this run lacks, or that one of the two has too few repeats of. */
  readonly notCompared: readonly string[];
}

/**
 * A figure is slower when the median of its ratio is more than `slowerBy` times that of the
 * baseline, and its best repeat is worse than the worst one of the baseline. Ratios are compared
 * and not seconds, so the machine may be busier than it was.
 */
export function compareFigures(baseline: readonly Figure[], now: readonly Figure[]): Comparison {
  const found = new Map(now.map((figure) => [nameOf(figure), figure]));
  const slower: string[] = [];
  const notCompared: string[] = [];
  for (const before of baseline) {
    const after = found.get(nameOf(before));
    if (before.wallRatio === null) continue;
    if (after?.wallRatio == null || Math.min(before.repeats, after.repeats) < fewestRepeats) {
      notCompared.push(nameOf(before));
      continue;
    }
    const { wallRatio: old } = before;
    const { wallRatio: ratio } = after;
    if (ratio.median <= slowerBy * old.median || ratio.min <= old.max) continue;
    slower.push(`${nameOf(before)}: ${ratio.median.toFixed(2)} x ${before.floor}, was ${old.median.toFixed(2)}`);
  }
  return { slower, notCompared };
}
