import { describe, expect, test } from 'vitest';
import { isTimeZone, likelyTimeZone } from '../../../src/config/time-zone.ts';

describe('a time zone', () => {
  test.each([
    'Asia/Shanghai',
    'America/Argentina/Buenos_Aires',
    'Etc/UTC',
    'US/Central',
    'UTC',
    'PRC',
    'Singapore',
    'Japan',
    'GB',
  ])('%s is taken', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  test('every name that this Node lists is taken', () => {
    const names = Intl.supportedValuesOf('timeZone');
    expect(names.length).toBeGreaterThan(400);
    expect(names.filter((name) => !isTimeZone(name))).toEqual([]);
  });

  test.each([
    ['CST', 'Asia/Shanghai'],
    ['cst', 'Asia/Shanghai'],
    ['EST', 'America/New_York'],
    ['CST6CDT', 'America/Chicago'],
    ['PST8PDT', 'America/Los_Angeles'],
    ['MST', 'America/Denver'],
    ['HST', 'Pacific/Honolulu'],
    ['IST', 'Asia/Kolkata'],
    ['BST', 'Europe/London'],
    ['CET', 'Europe/Berlin'],
    ['MET', 'Europe/Berlin'],
    ['EET', 'Europe/Helsinki'],
    ['WET', 'Europe/Lisbon'],
    ['JST', 'Asia/Tokyo'],
    ['GMT', 'UTC'],
    ['+08:00', 'Asia/Shanghai'],
    ['UTC+8', 'Asia/Shanghai'],
    ['GMT+8', 'Asia/Shanghai'],
    ['Shanghai', 'Asia/Shanghai'],
    ['new york', 'America/New_York'],
    ['Asia/Beijing', 'Asia/Shanghai'],
    ['Asia/Shangai', 'Asia/Shanghai'],
    ['Europe/Pariss', 'Europe/Paris'],
    ['', 'Asia/Shanghai'],
  ])('%j is refused, and %s is named', (name, likely) => {
    expect(isTimeZone(name)).toBe(false);
    expect(likelyTimeZone(name)).toBe(likely);
  });
});
