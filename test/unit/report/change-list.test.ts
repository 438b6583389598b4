import { expect, test } from 'vitest';
import type { Version, VersionChange } from '../../../src/dimension/version.ts';
import { BEGINNING, OPEN_END, requireInstant } from '../../../src/instant.ts';
import { createChangeList } from '../../../src/report/change-list.ts';
import { plainPaint } from '../../../src/report/paint.ts';

const at = requireInstant('2026-03-01T00:00:00Z', 'test');

const version = (sceneKey: string, sceneName: string, changed: Partial<Version> = {}): Version => ({
  versionId: `${sceneKey} ${sceneName}`,
  sceneId: `${changed.appId ?? 'wx1'} ${sceneKey}`,
  appId: 'wx1',
  sceneKey,
  sceneValue: BigInt(sceneKey),
  valueKind: 'numeric',
  isAggregate: false,
  sceneName,
  effectiveFrom: BEGINNING,
  effectiveTo: OPEN_END,
  endReason: null,
  firstObservedAt: at,
  ...changed,
});

const ended = (sceneKey: string, sceneName: string, endReason: 'renamed' | 'removed', changed = {}) =>
  version(sceneKey, sceneName, { effectiveTo: at, endReason, ...changed });

function render(...batches: readonly (readonly VersionChange[])[]): string {
  const list = createChangeList();
  for (const batch of batches) list.add(batch);
  return list.render({ paint: plainPaint });
}

test('each change is told in words, aligned as a terminal shows it, and nothing of a name reaches the terminal raw', () => {
  const old = version('4', '二维码');
  expect(
    render([
      { op: 'update', before: old, after: ended('4', '二维码', 'renamed') },
      { op: 'insert', after: version('4', '扫一扫二维码', { effectiveFrom: at }) },
      { op: 'insert', after: version('12', 'a\u001b[2J') },
      { op: 'insert', after: ended('13', 'gone', 'removed') },
      { op: 'update', before: version('6', '搜索'), after: ended('6', '搜索', 'removed') },
      { op: 'update', before: version('7', 'x'), after: version('7', 'x', { effectiveFrom: at }) },
      { op: 'update', before: version('8', 'x'), after: version('8', 'y') },
      { op: 'delete', before: version('9', 'x') },
    ]),
  ).toBe(
    [
      'scene  change                                     since',
      '    4  二维码 -> 扫一扫二维码                     2026-03-01T00:00:00Z',
      '   12  opens a\\u001b[2J                           beginning',
      '   13  opens gone (removed 2026-03-01T00:00:00Z)  beginning',
      '    6  closes 搜索 (removed)                      2026-03-01T00:00:00Z',
      '    7  x rewritten                                2026-03-01T00:00:00Z',
      '    8  x -> y rewritten                           beginning',
      '    9  x deleted                                  beginning',
      '',
    ].join('\n'),
  );
});

test('names that follow one another in a batch are a rename, also when all of them are new', () => {
  expect(
    render([
      { op: 'insert', after: ended('4', 'A', 'renamed') },
      { op: 'insert', after: version('4', 'B', { effectiveFrom: at }) },
    ]),
  ).toBe(['scene  change   since', '    4  opens A  beginning', '    4  A -> B   2026-03-01T00:00:00Z', ''].join('\n'));
});

test('an end whose next name comes with another batch is told by itself', () => {
  expect(render([{ op: 'update', before: version('4', 'A'), after: ended('4', 'A', 'renamed') }])).toContain(
    '    4  closes A (renamed)  2026-03-01T00:00:00Z\n',
  );
});

test('accounts are named where there are several', () => {
  expect(
    render(
      [{ op: 'insert', after: version('1', 'A') }],
      [{ op: 'insert', after: version('1', 'A', { appId: 'wx22' }) }],
    ),
  ).toBe(
    [
      'account  scene  change   since',
      'wx1          1  opens A  beginning',
      'wx22         1  opens A  beginning',
      '',
    ].join('\n'),
  );
});

test('fifty changes are listed and the others counted', () => {
  const batch = Array.from({ length: 1_234 }, (_, index): VersionChange => {
    return { op: 'insert', after: version(String(index), 'A') };
  });
  const lines = render(batch, batch).split('\n');
  expect([lines.length, lines.at(-2)]).toEqual([1 + 50 + 1 + 1, '… and 2,418 more']);
});

test('where nothing changes there is no list', () => {
  expect(render([], [])).toBe('');
});
