import { expect, test } from 'vitest';
import { defaultAccessSourceKey, readAccessSources, readLaunchScenes } from '../../../src/catalog/bundled-tables.ts';

const sources = readAccessSources();
const scenes = readLaunchScenes();

test('the 57 access sources are the keys 1 to 57, each with a name', () => {
  expect(sources.map((source) => source.accessSourceKey)).toEqual(Array.from({ length: 57 }, (_, i) => String(i + 1)));
  expect(sources.filter((source) => source.accessSourceName.trim() === '')).toEqual([]);
});

test('access sources have different names', () => {
  expect(new Set(sources.map((source) => source.accessSourceName)).size).toBe(57);
});

test('the 247 launch scenes are each listed once, as a number of four digits', () => {
  expect(scenes).toHaveLength(247);
  expect(new Set(scenes.map((scene) => scene.launchScene)).size).toBe(247);
  expect(scenes.filter(({ launchScene }) => !(launchScene >= 1000 && launchScene <= 9999))).toEqual([]);
});

test('145 launch scenes are mapped by WeChat and the 102 others fall to 其他', () => {
  expect(scenes.filter((scene) => scene.mapping === 'official')).toHaveLength(145);
  const others = scenes.filter((scene) => scene.mapping === 'default');
  expect(others).toHaveLength(102);
  expect(new Set(others.map((scene) => scene.accessSourceKey))).toEqual(new Set([defaultAccessSourceKey]));
});

test('every launch scene belongs to a bundled access source, and every access source has one', () => {
  const keys = new Set(sources.map((source) => source.accessSourceKey));
  expect(new Set(scenes.map((scene) => scene.accessSourceKey))).toEqual(keys);
});

test('known codes have the access source and the name of the published tables', () => {
  const byNumber = new Map(scenes.map((scene) => [scene.launchScene, scene]));
  expect(byNumber.get(1011)).toEqual({
    launchScene: 1011,
    launchSceneName: '扫描二维码',
    accessSourceKey: '4',
    mapping: 'official',
  });
  expect(byNumber.get(1002)).toEqual({
    launchScene: 1002,
    launchSceneName: null,
    accessSourceKey: '1',
    mapping: 'official',
  });
  expect(byNumber.get(1000)).toEqual({
    launchScene: 1000,
    launchSceneName: '其他',
    accessSourceKey: '10',
    mapping: 'default',
  });
});
