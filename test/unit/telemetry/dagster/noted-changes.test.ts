import { expect, test } from 'vitest';
import type { Version, VersionChange } from '../../../../src/dimension/version.ts';
import { BEGINNING, OPEN_END } from '../../../../src/instant.ts';
import { NotedChanges } from '../../../../src/telemetry/dagster/noted-changes.ts';

const known = [
  { accessSourceKey: '1', accessSourceName: 'Search', origin: 'official' },
  { accessSourceKey: '2', accessSourceName: 'Scan', origin: 'official' },
  { accessSourceKey: '59', accessSourceName: 'Group', origin: 'community' },
];

function version(sceneKey: string, sceneName: string, differences: Partial<Version> = {}): Version {
  return {
    versionId: `v${sceneKey}${sceneName}`,
    sceneId: `s${sceneKey}`,
    appId: 'wxa',
    sceneKey,
    sceneValue: BigInt(sceneKey),
    valueKind: 'numeric',
    isAggregate: false,
    sceneName,
    effectiveFrom: BEGINNING,
    effectiveTo: OPEN_END,
    endReason: null,
    firstObservedAt: BEGINNING,
    ...differences,
  };
}

const insert = (after: Version): VersionChange => ({ op: 'insert', after });
const end = (before: Version, endReason: 'renamed' | 'removed'): VersionChange => {
  return { op: 'update', before, after: { ...before, effectiveTo: 1_700_000_000_000_000n, endReason } };
};

function noted(...changes: readonly VersionChange[]): NotedChanges {
  const notes = new NotedChanges((text) => text.replace('s3cr3t', '[redacted]'));
  notes.add(changes, known);
  return notes;
}

test('what is as it is known is a change and no drift', () => {
  const notes = noted(insert(version('1', 'Search')), insert(version('59', 'Groups')));
  expect([notes.all.total, notes.drift.total, notes.drift.render()]).toEqual([2, 0, 'none']);
  expect(notes.all.render()).toBe(
    '| account | scene | change | since |\n| --- | --- | --- | --- |\n' +
      '| wxa | 1 | opens Search | beginning |\n| wxa | 59 | opens Groups | beginning |',
  );
});

test('renamed, new and missing scenes are drift', () => {
  const { drift } = noted(
    end(version('1', 'Search'), 'renamed'),
    insert(version('1', 'Find', { effectiveFrom: 1_700_000_000_000_000n })),
    end(version('2', 'Scan'), 'removed'),
    end(version('59', 'Group'), 'removed'),
    insert(version('60', 'App')),
  );
  expect(drift.render().split('\n').slice(2)).toEqual([
    '| wxa | 1 | renamed | Find | Search |',
    '| wxa | 2 | missing |  | Scan |',
    '| wxa | 60 | new | App |  |',
  ]);
});

test('a scene that comes back in the same run is not missing', () => {
  const again = version('2', 'Scan', { effectiveFrom: 1_700_000_001_000_000n });
  expect(noted(end(version('2', 'Scan'), 'removed'), insert(again)).drift.total).toBe(0);
});

test('names are no Markdown, no HTML and no lines of their own', () => {
  const name = '| [x](https://a.b) <img src=x> *b* `c` \\| \u001b[31m\n# h \u202e www.a.b';
  const [, , line = ''] = noted(insert(version('60', name)))
    .all.render()
    .split('\n');
  expect(line).toBe(
    '| wxa | 60 | opens \\| \\[x\\]\\(https\\:\\/\\/a\\.b\\) \\<img src\\=x\\> \\*b\\* \\`c\\` \\\\\\| ' +
      '\\\\u001b\\[31m\\\\u000a\\# h \\\\u202e www\\.a\\.b | beginning |',
  );
});

test('a secret is taken out while it can be known', () => {
  const notes = noted(insert(version('60', 'of s3cr3t')));
  expect([notes.all.render(), notes.drift.render()].join()).not.toContain('s3cr3t');
});
