import { expect, test } from 'vitest';
import { defaultAccessSourceKey, readAccessSources, readLaunchScenes } from '../../../src/catalog/bundled-tables.ts';

const sources = readAccessSources();
const scenes = readLaunchScenes();

test('the access sources are the keys 1 to 57, the aggregate, and three of the community, each with a name', () => {
  const official = sources.filter(({ origin }) => origin === 'official').map((source) => source.accessSourceKey);
  expect(official).toEqual([...Array.from({ length: 57 }, (_, i) => String(i + 1)), '@_all']);
  const community = sources.filter(({ origin }) => origin === 'community').map((source) => source.accessSourceKey);
  expect(community).toEqual(['59', '60', '62']);
  expect(sources.filter((source) => source.accessSourceName.trim() === '')).toEqual([]);
});

test('access sources have different names', () => {
  expect(new Set(sources.map((source) => source.accessSourceName)).size).toBe(61);
});

test('the 260 launch scenes are each listed once, as a number of four digits', () => {
  expect(scenes).toHaveLength(260);
  expect(new Set(scenes.map((scene) => scene.launchScene)).size).toBe(260);
  expect(scenes.filter(({ launchScene }) => !(launchScene >= 1000 && launchScene <= 9999))).toEqual([]);
});

test('145 launch scenes are mapped by WeChat and the 115 others fall to 其他', () => {
  expect(scenes.filter((scene) => scene.mapping === 'official')).toHaveLength(145);
  const others = scenes.filter((scene) => scene.mapping === 'default');
  expect(others).toHaveLength(115);
  expect(new Set(others.map((scene) => scene.accessSourceKey))).toEqual(new Set([defaultAccessSourceKey]));
});

test('every launch scene belongs to a numbered official access source, and every one of those has one', () => {
  const keys = Array.from({ length: 57 }, (_, i) => String(i + 1));
  expect(new Set(scenes.map((scene) => scene.accessSourceKey))).toEqual(new Set(keys));
});

test('known codes have the access source and the name of the published tables', () => {
  const byNumber = new Map(scenes.map((scene) => [scene.launchScene, scene]));
  expect(byNumber.get(1011)).toEqual({
    launchScene: 1011,
    launchSceneName: '扫描二维码',
    accessSourceKey: '4',
    mapping: 'official',
    communityAccessSourceKey: null,
  });
  expect(byNumber.get(1002)).toEqual({
    launchScene: 1002,
    launchSceneName: null,
    accessSourceKey: '1',
    mapping: 'official',
    communityAccessSourceKey: null,
  });
  expect(byNumber.get(1000)).toEqual({
    launchScene: 1000,
    launchSceneName: '其他',
    accessSourceKey: '10',
    mapping: 'default',
    communityAccessSourceKey: null,
  });
});

test('19 launch scenes would feed access sources of the community, which does not change where they are counted', () => {
  const inferred = scenes.filter((scene) => scene.communityAccessSourceKey !== null);
  expect(inferred.filter(({ communityAccessSourceKey }) => communityAccessSourceKey === '62')).toHaveLength(18);
  expect(inferred.filter(({ communityAccessSourceKey }) => communityAccessSourceKey === '59')).toMatchObject([
    { launchScene: 1160, mapping: 'official' },
  ]);
  expect(inferred).toHaveLength(19);
});

test('names that a public copy had damaged are as WeChat writes them', () => {
  const nameless = scenes.filter((scene) => scene.launchSceneName === null);
  expect(nameless).toHaveLength(47);
  expect(scenes.find(({ launchScene }) => launchScene === 1168)?.launchSceneName).not.toBe('移动');
});
