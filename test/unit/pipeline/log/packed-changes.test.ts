/** Changes survive being packed and set aside. */
import { deserialize, serialize } from 'node:v8';
import { expect, test } from 'vitest';
import type { Version, VersionChange } from '../../../../src/dimension/version.ts';
import { OPEN_END } from '../../../../src/instant.ts';
import { packChanges, unpackChanges } from '../../../../src/pipeline/log/packed-changes.ts';

const number: Version = {
  versionId: 'v1',
  sceneId: 's1',
  appId: 'wx1',
  sceneKey: '-9223372036854775808',
  sceneValue: -9223372036854775808n,
  valueKind: 'numeric',
  isAggregate: false,
  sceneName: '扫一扫',
  effectiveFrom: 0n,
  effectiveTo: OPEN_END,
  endReason: null,
  firstObservedAt: 1767225600000001n,
};
const sentinel: Version = {
  ...number,
  versionId: 'v2',
  sceneId: 's2',
  sceneKey: '@_all',
  sceneValue: null,
  valueKind: 'sentinel',
  isAggregate: true,
  sceneName: '\ud83d 全部',
  effectiveTo: 1767225600000002n,
  endReason: 'removed',
};

/** Every field of one row becomes that of the other: also to null and to false. */
const changes: readonly VersionChange[] = [
  { op: 'update', before: number, after: { ...sentinel, versionId: 'v1' } },
  { op: 'insert', after: sentinel },
  { op: 'update', before: sentinel, after: { ...number, versionId: 'v2' } },
  { op: 'delete', before: number },
  { op: 'update', before: number, after: { ...number, effectiveFrom: 1n } },
];

test.each([
  ['of each kind', changes],
  ['that insert and delete only', changes.filter(({ op }) => op !== 'update')],
  ['of one field', changes.slice(-1)],
  ['of none', []],
])('changes %s are the same afterwards', (_, given) => {
  expect(unpackChanges(deserialize(serialize(packChanges(given))))).toStrictEqual(given);
});
