import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BEGINNING, formatInstant, formatInstantShort, OPEN_END, parseInstant } from '../../src/instant.ts';

const instant = fc.bigInt({ min: -62_167_219_200_000_000n, max: OPEN_END });

describe('the text of an instant', () => {
  test.each([
    [BEGINNING, '1970-01-01T00:00:00.000000Z', '1970-01-01T00:00:00Z'],
    [OPEN_END, '9999-12-31T00:00:00.000000Z', '9999-12-31T00:00:00Z'],
    [1n, '1970-01-01T00:00:00.000001Z', '1970-01-01T00:00:00.000001Z'],
    [-1n, '1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
    [1_772_323_200_500_000n, '2026-03-01T00:00:00.500000Z', '2026-03-01T00:00:00.5Z'],
    [1_772_325_010_000_000n, '2026-03-01T00:30:10.000000Z', '2026-03-01T00:30:10Z'],
  ])('%s is %s, for people %s', (value, text, short) => {
    expect(formatInstant(value)).toBe(text);
    expect(formatInstantShort(value)).toBe(short);
  });

  test('is read back as the same instant, and is as long as any other', () => {
    fc.assert(
      fc.property(instant, (value) => {
        expect(formatInstant(value)).toHaveLength('2026-03-01T00:00:00.000000Z'.length);
        expect(parseInstant(formatInstant(value))).toBe(value);
        expect(parseInstant(formatInstantShort(value))).toBe(value);
      }),
    );
  });

  test('sorts like the instant', () => {
    fc.assert(fc.property(instant, instant, (a, b) => formatInstant(a) < formatInstant(b) === a < b));
  });
});
