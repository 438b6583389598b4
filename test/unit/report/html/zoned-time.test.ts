import { expect, test } from 'vitest';
import { BEGINNING, OPEN_END, requireInstant } from '../../../../src/instant.ts';
import { createZonedTime } from '../../../../src/report/html/zoned-time.ts';

test.each([
  ['Asia/Shanghai', '2026-03-01T16:00:00Z', '2026-03-02 00:00'],
  ['Asia/Shanghai', '2026-03-01T15:59:59.999999Z', '2026-03-01 23:59'],
  ['UTC', '2026-03-01T15:59:59Z', '2026-03-01 15:59'],
  ['Asia/Kathmandu', '2026-03-01T18:15:00Z', '2026-03-02 00:00'],
  ['America/New_York', '2026-03-08T06:59:00Z', '2026-03-08 01:59'],
  ['America/New_York', '2026-03-08T07:00:00Z', '2026-03-08 03:00'],
  ['America/New_York', '1970-01-01T00:00:00Z', '1969-12-31 19:00'],
  ['UTC', '0001-01-01T00:00:00Z', '0001-01-01 00:00'],
])('in %s, %s is %s', (zone, instant, text) => {
  const time = createZonedTime(zone);
  const micros = requireInstant(instant, '');
  expect([time.formatMinute(micros), time.formatDay(micros)]).toEqual([text, text.slice(0, 10)]);
});

test('a wall time leads back to its instant, over a change of the clock too', () => {
  const zone = createZonedTime('America/New_York');
  for (const text of ['2026-03-08T04:59:00Z', '2026-03-08T06:30:00Z', '2026-03-08T07:30:00Z', '2026-11-01T12:00:00Z']) {
    const instant = requireInstant(text, '');
    expect([text, zone.instantOf(zone.wallOf(instant))]).toEqual([text, Number(instant) / 1000]);
  }
});

test('days are counted by the wall', () => {
  const zone = createZonedTime('Asia/Shanghai');
  expect(zone.dayOf(BEGINNING)).toBe(0);
  expect(zone.dayOf(requireInstant('1970-01-01T16:00:00Z', ''))).toBe(1);
  expect(createZonedTime('America/New_York').dayOf(BEGINNING)).toBe(-1);
  expect(zone.formatDay(OPEN_END)).toBe('9999-12-31');
});
