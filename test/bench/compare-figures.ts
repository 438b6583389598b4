import type { BenchResult } from './bench-result.ts';
import { type Figure, nameOf, summarize } from './summary.ts';

const slowerBy = 1.1;
/** Of fewer repeats nobody knows the noise. */
const fewestRepeats = 3;

export interface Comparison {
  /** How many figures were. */
  readonly compared: number;
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
  let compared = 0;
  for (const before of baseline) {
    const after = found.get(nameOf(before));
    if (before.wallRatio === null) continue;
    if (after?.wallRatio == null || Math.min(before.repeats, after.repeats) < fewestRepeats) {
      notCompared.push(nameOf(before));
      continue;
    }
    compared += 1;
    const { wallRatio: old } = before;
    const { wallRatio: ratio } = after;
    if (ratio.median <= slowerBy * old.median || ratio.min <= old.max) continue;
    slower.push(`${nameOf(before)}: ${ratio.median.toFixed(2)} x ${before.floor}, was ${old.median.toFixed(2)}`);
  }
  return { compared, slower, notCompared };
}

/** What `--compare` prints, and the exit status. Where nothing was compared, nothing is well. */
export function compareResults(
  baseline: BenchResult,
  now: BenchResult,
): { readonly lines: readonly string[]; readonly exitCode: 0 | 1 } {
  const { compared, slower, notCompared } = compareFigures(summarize(baseline.samples), summarize(now.samples));
  const lines = slower.map((line) => `slower: ${line}`);
  if (compared === 0) lines.push('nothing was compared');
  else if (slower.length === 0) lines.push('nothing got slower');
  const [before, after] = [baseline, now].map(({ machine }) => `${machine.processors} x ${machine.processor}`);
  if (before !== after) lines.push(`the baseline is of another machine: ${before}`);
  const why = `not in both, or of fewer than ${fewestRepeats} repeats`;
  if (notCompared.length > 0) lines.push(`not compared (${why}): ${notCompared.join('; ')}`);
  return { lines, exitCode: compared === 0 || slower.length > 0 ? 1 : 0 };
}
