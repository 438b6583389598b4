import { expect, test } from 'vitest';
import { BEGINNING, OPEN_END, requireInstant } from '../../../../src/instant.ts';
import { createTimeAxis } from '../../../../src/report/html/time-axis.ts';
import { createZonedTime } from '../../../../src/report/html/zoned-time.ts';

const at = (text: string) => requireInstant(text, '');
const shanghai = createZonedTime('Asia/Shanghai');

test('starts a little before the first event and ends now; what is outside stands at an end', () => {
  const axis = createTimeAxis(at('2026-01-01T00:00:00Z'), at('2026-04-11T00:00:00Z'), shanghai);
  const instants = ['2026-01-01T00:00:00Z', '2026-02-20T00:00:00Z', '2026-04-11T00:00:00Z'].map(at);
  expect(instants.map(axis.position)).toEqual([57, 528, 1000]);
  expect([BEGINNING, OPEN_END].map(axis.position)).toEqual([0, 1000]);
});

test.each([
  ['2016-06-01T00:00:00Z', '2026-06-01T00:00:00Z', ['2016', '2018', '2020', '2022', '2024', '']],
  ['2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z', ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05', '']],
  ['2026-01-01T00:00:00Z', '2026-01-09T00:00:00Z', ['2026-01-01', '2026-01-03', '2026-01-05', '2026-01-07', '']],
  ['2026-01-01T00:00:00Z', '2026-01-01T20:00:00Z', ['06:00', '12:00', '18:00', '2026-01-02']],
])('from %s to %s there is room for these ticks', (first, now, labels) => {
  expect(createTimeAxis(at(first), at(now), shanghai).ticks.map(({ label }) => label)).toEqual(labels);
});

test('a tick stands at the midnight of the zone', () => {
  const axis = createTimeAxis(at('2026-01-01T00:00:00Z'), at('2026-01-09T00:00:00Z'), shanghai);
  const positions = ['2025-12-31T16:00:00Z', '2026-01-02T16:00:00Z'].map((text) => axis.position(at(text)));
  expect(axis.ticks.slice(0, 2).map(({ position }) => position)).toEqual(positions);
});
