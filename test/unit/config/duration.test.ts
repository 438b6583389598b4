import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration, requireDuration } from '../../../src/config/duration.ts';

describe('a duration', () => {
  test.each([
    ['0', 0],
    ['250ms', 250],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['6h', 21_600_000],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
  ])('%s is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '6', '-1h', '6 h', 'h', '6H', '1h-', '1e3s', '6months', `${'9'.repeat(30)}d`])(
    '%j is refused',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test('that is wrong names its option and a remedy', () => {
    expect(() => requireDuration('soon', '--max-age')).toThrow('--max-age: "soon" is not a duration');
  });

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1400, '1.4 s'],
    [59_000, '59 s'],
    [59_700, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [187_200_000, '2 d 4 h'],
    [-5, '0 ms'],
  ])('%i ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
