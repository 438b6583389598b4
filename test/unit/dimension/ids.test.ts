import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sceneIdOf, versionIdOf } from '../../../src/dimension/ids.ts';
import { requireInstant } from '../../../src/instant.ts';

test('ids are those of the test vector', () => {
  expect(sceneIdOf('wx1', '@_all')).toBe('1dfbc0ca30dc5e3567c679b099ab24a3');
  const firstObservedAt = requireInstant('2026-01-02T00:00:00.000001Z', 'test');
  expect(versionIdOf('wx1', '@_all', firstObservedAt)).toBe('eab29617442b1af4076eddb7c67c6648');
});

test('lengths are counted in bytes of UTF-8', () => {
  const expected = createHash('sha256').update('3:wx16:搜索').digest('hex').slice(0, 32);
  expect(sceneIdOf('wx1', '搜索')).toBe(expected);
});

test('parts are kept apart', () => {
  const ids = [sceneIdOf('ab', 'c'), sceneIdOf('a', 'bc'), versionIdOf('a', 'b', 0n), versionIdOf('a', 'b', 1n)];
  expect(new Set(ids).size).toBe(4);
});
