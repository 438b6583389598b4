import type { Sample } from './sample.ts';

/** Middle and ends of what the repeats gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A figure over all repeats. */
export interface Figure extends Pick<Sample, 'group' | 'target' | 'size' | 'figure' | 'floor'> {
  readonly repeats: number;
  readonly wallMs: Spread;
  readonly clientCpuMs: Spread;
  readonly serverCpuMs: Spread | null;
  readonly peakMb: Spread | null;
  /**
   * Wall time and CPU time of client and server, each divided by that of the floor;
   * null for a floor.
   */
  readonly wallRatio: Spread | null;
  readonly cpuRatio: Spread | null;
}

/** In the order in which they were first taken. */
export function summarize(samples: readonly Sample[]): readonly Figure[] {
  return [...Map.groupBy(samples, nameOf).values()].flatMap((taken) => {
    const [first] = taken;
    if (first === undefined) return [];
    const { group, target, size, figure, floor } = first;
    const floors = samples.filter((sample) => sample.figure === floor && isSamePlace(sample, first));
    const ratio = (amount: (sample: Sample) => number) =>
      spreadOf(taken.map((each, nth) => amount(each) / amountOf(floors[nth], amount)).filter(Number.isFinite));
    const numbers = (read: (sample: Sample) => number | null) =>
      spreadOf(taken.map(read).filter((each) => each !== null));
    return {
      ...{ group, target, size, figure, floor, repeats: taken.length },
      wallMs: spreadOf(taken.map(({ wallMs }) => wallMs)) ?? zero,
      clientCpuMs: spreadOf(taken.map(({ clientCpuMs }) => clientCpuMs)) ?? zero,
      serverCpuMs: numbers(({ serverCpuMs }) => serverCpuMs),
      peakMb: numbers(({ peakMb }) => peakMb),
      wallRatio: ratio(({ wallMs }) => wallMs),
      cpuRatio: ratio(({ clientCpuMs, serverCpuMs }) => clientCpuMs + (serverCpuMs ?? 0)),
    };
  });
}

const zero: Spread = { median: 0, min: 0, max: 0 };

/** Says which figure it is, the same in each run. */
export function nameOf({ group, target, size, figure }: Pick<Sample, 'group' | 'target' | 'size' | 'figure'>): string {
  return [group, target, size, figure].filter((part) => part !== '').join(', ');
}

function isSamePlace(a: Sample, b: Sample): boolean {
  return a.group === b.group && a.target === b.target && a.size === b.size;
}

/** Not a number when there is no floor. */
function amountOf(sample: Sample | undefined, amount: (sample: Sample) => number): number {
  return sample === undefined ? Number.NaN : amount(sample);
}

/** Null of nothing. */
export function spreadOf(numbers: readonly number[]): Spread | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [min, max] = [sorted.at(0), sorted.at(-1)];
  if (min === undefined || max === undefined) return null;
  const [low = min, high = min] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return { median: (low + high) / 2, min, max };
}
