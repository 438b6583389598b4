import { describe, expect, test } from 'vitest';
import { createAnswerCache } from '../../../../src/pipeline/log/answer-cache.ts';

/** A body of two rows, which counts as three. */
const bodyOf = (n: number) =>
  new TextEncoder().encode(
    JSON.stringify({
      scene: [
        { name: `甲${n}`, value: 1 },
        { name: '乙', value: 2 },
      ],
    }),
  );
const ROWS = 3;

describe('the answers that are remembered', () => {
  test('are normalized once while they are used', () => {
    const cache = createAnswerCache(8 * ROWS);
    const first = cache.normalize('0', bodyOf(0));
    for (let n = 1; n < 100; n += 1) {
      cache.normalize(String(n), bodyOf(n));
      expect(cache.normalize('0', bodyOf(0))).toBe(first);
    }
  });

  test('are half of what may be remembered at least, and never more than that', () => {
    const cache = createAnswerCache(8 * ROWS);
    for (let n = 0; n < 100; n += 1) cache.normalize(String(n), bodyOf(n));
    const known = Array.from({ length: 100 }, (_, n) => n).filter((n) => cache.get(String(n)) !== undefined);
    expect(known.length).toBeGreaterThanOrEqual(4);
    expect(known.length).toBeLessThanOrEqual(8);
    expect(known.at(-1)).toBe(99);
  });

  test('may be one that is larger than all of them together', () => {
    const cache = createAnswerCache(1);
    const answer = cache.normalize('0', bodyOf(0));
    expect(cache.get('0')).toBe(answer);
    cache.normalize('1', bodyOf(1));
    expect(cache.normalize('1', bodyOf(1))).toBe(cache.get('1'));
  });
});
