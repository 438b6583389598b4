import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../../src/normalize/canonical-text.ts';

describe('a canonical text', () => {
  test('is trimmed of exactly the characters with the property White_Space, of U+200B and of U+FEFF', () => {
    const trimmed: string[] = [];
    const expected: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      if (!canonicalText(`${character}x${character}`).includes(character.normalize('NFC'))) trimmed.push(character);
      if (/[\p{White_Space}\u200b\ufeff]/u.test(character)) expected.push(character);
    }
    // Control characters become a space, and combining marks join the x.
    const isOther = (character: string): boolean => !/\p{M}|\p{Cc}/u.test(character);
    expect(trimmed.filter(isOther)).toEqual(expected.filter(isOther));
    expect(trimmed.filter((character) => /\p{Cc}/u.test(character))).toHaveLength(65);
  });

  test.each([
    ['', ''],
    [' ', ''],
    ['a b', 'a b'],
    [' a', 'a'],
    ['a ', 'a'],
    ['\u0000', ''],
    ['a\u0000\u001b\u0085\tb', 'a b'],
    ['a\u0007 \u0007b', 'a   b'],
    ['\u001b[31ma\u007f', '[31ma'],
    ['\ud800', '\ufffd'],
    ['\ud800\u0301', '\ufffd\u0301'],
    ['\ude80\ud83d', '\ufffd\ufffd'],
    [' \u0301', '\u0301'],
    ['한', '한'],
  ])('of %j is %j', (text, expected) => {
    expect(canonicalText(text)).toBe(expected);
  });

  test('is NFC for runs of marks of any length', () => {
    // Classes 1 to 240, marks of class 0, marks that decompose, and one from outside the BMP.
    const marks = [
      ...'\u0334\u0301\u0323\u0300\u0345\u0344\u0341\u0f73\u0f75\u0f71\u094d\u093c\u3099\u0903\u{1d165}\u{1d16e}\u034f',
    ];
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    for (const length of [1023, 1024, 1500, 3000]) {
      const run = Array.from({ length }, () => marks[random(marks.length)]).join('');
      const text = `e${run}x${run}`;
      expect(canonicalText(text)).toBe(text.normalize('NFC'));
    }
  });

  test.each([
    ['spaces', `a${' '.repeat(1_000_000)}b`],
    ['spaces and nothing else', ' '.repeat(1_000_000)],
    ['control characters', `a${'\u0007'.repeat(1_000_000)}b`],
    ['spaces and control characters in turn', `a${' \u0007'.repeat(500_000)}b`],
  ])('is found for a MiB of %s', (_, text) => {
    const once = canonicalText(text);
    expect(canonicalText(once)).toBe(once);
  });

  test.each([
    ['marks in the wrong order', `a${'\u0301\u0323'.repeat(4096)}`.slice(0, 8192)],
    ['marks of one class before those of a lower one', `${'\u0301'.repeat(4096)}${'\u0323'.repeat(4096)}`],
  ])('is found for the longest name of %s', (_, text) => {
    const once = canonicalText(text);
    expect(canonicalText(once)).toBe(once);
  });
});
