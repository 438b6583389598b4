import { expect, test } from 'vitest';
import type { Version } from '../../../../../src/dimension/version.ts';
import { BEGINNING, OPEN_END, requireInstant } from '../../../../../src/instant.ts';
import { collectContent, type ReportInput } from '../../../../../src/report/html/content/report-content.ts';
import { hasChanged } from '../../../../../src/report/html/content/scene-collector.ts';
import { pageData } from '../../../../../src/report/html/page/page-data.ts';
import { createZonedTime } from '../../../../../src/report/html/zoned-time.ts';

const at = (text: string) => requireInstant(text, '');
const first = at('2026-01-01T00:00:00Z');

type Told = readonly [
  app: string,
  key: string,
  name: string,
  from?: string,
  to?: string,
  reason?: 'renamed' | 'removed',
];

function versionOf([appId, sceneKey, sceneName, from, to, reason]: Told): Version {
  const effectiveFrom = from === undefined || from === '' ? BEGINNING : at(from);
  return {
    ...{ versionId: `${appId}/${sceneKey}/${from}`, sceneId: `${appId}/${sceneKey}`, appId, sceneKey, sceneName },
    ...{ sceneValue: null, valueKind: 'text', isAggregate: false, effectiveFrom },
    effectiveTo: to === undefined ? OPEN_END : at(to),
    endReason: to === undefined ? null : (reason ?? 'renamed'),
    firstObservedAt: effectiveFrom === BEGINNING ? first : effectiveFrom,
  };
}

async function contentOf(apps: readonly string[], told: readonly Told[], more: Partial<ReportInput> = {}) {
  const accounts = apps.map((appId) => {
    return { appId, state: 'ok', lastOkAt: first, lastAttemptAt: first, problems: [] };
  });
  return collectContent({
    now: at('2026-03-01T00:00:00Z'),
    since: at('2026-01-15T00:00:00Z'),
    zone: createZonedTime('Asia/Shanghai'),
    accounts,
    versions: (async function* () {
      yield* told.map(versionOf);
    })(),
    accessSources: [{ accessSourceKey: '4', accessSourceName: '扫一扫', origin: 'official' }],
    ...more,
  });
}

const renamedAt = (app: string, time: string): readonly Told[] => [
  [app, '4', '扫码', '', time],
  [app, '4', '扫一扫', time],
];

test('accounts with the same names on the same days of the zone share a row, with the day alone', async () => {
  const { scenes } = await contentOf(
    ['wx1', 'wx2', 'wx3', 'wx4'],
    [
      ...renamedAt('wx1', '2026-02-01T16:00:00Z'),
      ['wx1', '10', '其他'],
      ...renamedAt('wx2', '2026-02-02T15:59:00Z'),
      ...renamedAt('wx3', '2026-02-02T16:00:00Z'),
      ['wx4', '4', '扫一扫'],
      ['wx4', '10', '其他'],
    ],
  );
  const told = scenes.map(({ sceneKey, versions, accounts, hasSameTimes }) => {
    return [sceneKey, versions.map(({ sceneName }) => sceneName).join(' '), accounts, hasSameTimes];
  });
  expect(told).toEqual([
    ['4', '扫码 扫一扫', [0, 1], false],
    ['4', '扫码 扫一扫', [2], true],
    ['4', '扫一扫', [3], true],
    ['10', '其他', [0, 3], true],
  ]);
  expect(scenes.map(hasChanged)).toEqual([true, true, false, false]);
});

test('keys that are numbers come first, by number', async () => {
  const { scenes } = await contentOf(
    ['wx1'],
    ['10', '9', '@_all', '9223372036854775807', 'a'].map((key): Told => ['wx1', key, key]),
  );
  expect(scenes.map(({ sceneKey }) => sceneKey)).toEqual(['9', '10', '9223372036854775807', '@_all', 'a']);
});

test('changes since a time are put together by day, newest first, with a note where there is one', async () => {
  const content = await contentOf(
    ['wx1', 'wx2'],
    [
      ['wx1', '39', 'H5', '', '2026-01-10T00:00:00Z', 'removed'],
      ['wx1', '39', 'H5', '2026-02-03T00:00:00Z'],
      ...renamedAt('wx1', '2026-02-01T16:00:00Z'),
      ...renamedAt('wx2', '2026-02-01T17:00:00Z'),
    ],
    { noteOf: ({ change }) => (change === 'returned' ? 'WeChat said so' : null) },
  );
  const told = content.changes.map(({ change, note, accounts, hasSameTimes }) => {
    return [change.sceneKey, change.change, change.oldName, change.newName, note, accounts, hasSameTimes];
  });
  expect(told).toEqual([
    ['39', 'returned', 'H5', 'H5', 'WeChat said so', [0], true],
    ['4', 'renamed', '扫码', '扫一扫', null, [0, 1], false],
  ]);
  expect(content.changed).toBe(3);
});

test('counts what is in force and how it came to be so; the first answer of an account is no change', async () => {
  const content = await contentOf(
    ['wx1'],
    [
      ['wx1', '3', '会话', '2026-01-01T00:00:00Z'],
      ['wx1', '39', 'H5', '', '2026-01-10T00:00:00Z', 'removed'],
      ...renamedAt('wx1', '2026-02-01T16:00:00Z'),
    ],
  );
  const day = (text: string) => Number(at(text) / 86_400_000_000n);
  expect(content).toMatchObject({ inForce: 2, firstEvent: first });
  expect([...content.changesByWeek]).toEqual([
    [day('2026-01-05T00:00:00Z'), 1],
    [day('2026-02-02T00:00:00Z'), 1],
  ]);
  expect(Object.fromEntries(content.growthByDay)).toEqual({
    0: 2,
    [day('2026-01-01T00:00:00Z')]: 1,
    [day('2026-01-10T00:00:00Z')]: -1,
    [day('2026-02-02T00:00:00Z')]: 0,
  });
});

test('drift is counted of accounts that gave an answer, those without a scene too, and shown where it is one', async () => {
  const { drift } = await contentOf(
    ['wx1', 'wx2', 'wx3'],
    [
      ['wx1', '4', '扫一扫'],
      ['wx1', '7', '新'],
      ['wx2', '7', '新'],
    ],
  );
  expect(drift.counts).toEqual({ matched: 1, renamed: 0, missing: 2, new: 2, seen_elsewhere: 0 });
  expect(drift.rows).toEqual([
    { sceneKey: '7', bundledName: null, sceneName: '新', drift: 'new', accounts: [0, 1] },
    { sceneKey: '4', bundledName: '扫一扫', sceneName: null, drift: 'missing', accounts: [1, 2] },
  ]);
});

test('the script gets keys, names with the newest first, and sets of accounts as runs', async () => {
  const apps = ['wx1', 'wx2', 'wx3', 'wx4'];
  const { scenes } = await contentOf(apps, [
    ...renamedAt('wx1', '2026-02-01T16:00:00Z'),
    ...apps.map((app): Told => [app, '10', '其他']).filter(([app]) => app !== 'wx3'),
    ['wx4', '11', '没了', '', '2026-02-02T00:00:00Z', 'removed'],
    ['wx4', '12', '其他'],
  ]);
  expect(pageData(scenes, apps)).toEqual({
    appIds: apps,
    accountSets: [
      [0, 1],
      [0, 2, 3, 1],
      [3, 1],
    ],
    rows: [
      ['4', ['扫一扫', '扫码'], '2026-02-01T16:00:00', 1, 0, 1, 1],
      ['10', ['其他'], '', 3, 1, 1, 0],
      ['11', ['没了'], '', 1, 2, 0, 1],
      ['12', ['其他'], '', 1, 2, 1, 0],
    ],
  });
});
