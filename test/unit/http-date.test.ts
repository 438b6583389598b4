import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from '../../src/http-date.ts';
import { parseInstant } from '../../src/instant.ts';

describe('dates in HTTP headers', () => {
  it('reads and writes the example of RFC 9110', () => {
    const instant = parseInstant('1994-11-06T08:49:37Z') ?? 0n;
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(instant);
    expect(formatHttpDate(instant + 999_999n)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  });

  it.each([
    '',
    'Sun, 30 Feb 2025 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 +0800',
    '2026-03-01T00:00:00Z',
    'Sun, 06 Nox 1994 08:49:37 GMT',
  ])('refuses "%s"', (text) => expect(parseHttpDate(text)).toBeUndefined());

  it('writes what Date writes, and reads it back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        const text = formatHttpDate(BigInt(seconds) * 1_000_000n);
        expect(text).toBe(new Date(seconds * 1000).toUTCString());
        expect(parseHttpDate(text)).toBe(BigInt(seconds) * 1_000_000n);
      }),
    );
  });
});
