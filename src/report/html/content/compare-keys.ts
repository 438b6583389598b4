import { compareCodePoints } from '../../../compare-code-points.ts';

/** Keys that are small numbers by number, then all others by code points. */
export function compareKeys(a: string, b: string): number {
  const [x = 0, y = 0] = [a, b].map((key) => (/^\d{1,15}$/.test(key) ? Number(key) : Number.POSITIVE_INFINITY));
  return x === y ? compareCodePoints(a, b) : x - y;
}
