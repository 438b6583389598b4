import { expect, test } from 'vitest';
import { compareCodePoints } from '../../src/compare-code-points.ts';

const texts = [
  '',
  '1',
  '10',
  '2',
  '@_all',
  'A',
  'a',
  'aa',
  'é',
  '中',
  '\u{d7ff}',
  '\u{e000}',
  '\u{fffd}',
  '\u{1f680}',
  '\u{1f680}a',
  '\u{10ffff}',
];

test('texts are ordered as their UTF-8 bytes are', () => {
  for (const a of texts) {
    for (const b of texts) {
      expect(Math.sign(compareCodePoints(a, b)), `${a} ${b}`).toBe(
        Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))),
      );
    }
  }
});

test('a character beyond U+FFFF comes after U+FFFD, unlike in UTF-16', () => {
  expect(compareCodePoints('\u{1f680}', '\u{fffd}')).toBeGreaterThan(0);
  expect('\u{1f680}' < '\u{fffd}').toBe(true);
});
