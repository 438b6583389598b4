import { describe, expect, test } from 'vitest';
import { canonicalNumber } from '../../../src/normalize/canonical-number.ts';

const million = 1_000_000;

describe('the exact decimal text of a number', () => {
  test.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.000', '0'],
    ['0e5', '0'],
    ['-0e-999999999999', '0'],
    ['1', '1'],
    ['100', '100'],
    ['1.0', '1'],
    ['1e2', '100'],
    ['1E+2', '100'],
    ['1e02', '100'],
    ['120e-1', '12'],
    ['123.4500', '123.45'],
    ['123.45e1', '1234.5'],
    ['123.45e2', '12345'],
    ['123.45e3', '123450'],
    ['123.45e-2', '1.2345'],
    ['123.45e-3', '0.12345'],
    ['123.45e-5', '0.0012345'],
    ['-0.5', '-0.5'],
    ['0.00120e2', '0.12'],
    ['0.1e1', '1'],
    ['9'.repeat(100), '9'.repeat(100)],
    [`-${'9'.repeat(100)}`, `-${'9'.repeat(100)}`],
    ['1e99', `1${'0'.repeat(99)}`],
    ['1e-99', `0.${'0'.repeat(98)}1`],
    [`${'1'.repeat(50)}.${'1'.repeat(50)}`, `${'1'.repeat(50)}.${'1'.repeat(50)}`],
  ])('of %s is %s', (literal, text) => {
    expect(canonicalNumber(literal)).toBe(text);
  });

  test.each(['9'.repeat(101), '1e100', '1e-100', '12e-100', '1e999999999', '-1e-999999999', `1e${'9'.repeat(400)}`])(
    'of %s needs more than 100 digits',
    (literal) => {
      expect(canonicalNumber(literal)).toBeUndefined();
    },
  );

  test.each([
    ['zeros after the point', `1.${'0'.repeat(million)}`, '1'],
    ['zeros before the exponent takes them back', `1${'0'.repeat(million)}e-${million}`, '1'],
    ['zeros in the exponent', `1e${'0'.repeat(million)}2`, '100'],
    ['digits in the exponent', `1e-${'9'.repeat(million)}`, undefined],
    ['zeros with a digit at their end', `1.${'0'.repeat(million)}1`, undefined],
  ])('is found for a million %s', (_, literal, text) => {
    expect(canonicalNumber(literal)).toBe(text);
  });
});
