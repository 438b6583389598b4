import { expect, test } from 'vitest';
import { bundledCatalog, createSceneCatalog, hashCatalog } from '../../../src/catalog/scene-catalog.ts';

const { accessSources, launchScenes, hash } = bundledCatalog();

test('the hash is of the rows, whatever else is said of them', () => {
  expect(hashCatalog({ accessSources, launchScenes })).toBe(hash);
  const stored = launchScenes.map((row) => ({ ...row, communityAccessSourceKey: undefined }));
  expect(hashCatalog({ accessSources, launchScenes: stored })).toBe(hash);
});

test('each column of each table changes the hash', () => {
  const changedSources = [{ accessSourceKey: '0' }, { accessSourceName: 'x' }, { origin: 'own' as const }];
  const changedScenes = [
    { launchScene: 999 },
    { launchSceneName: 'x' },
    { launchSceneName: null },
    { accessSourceKey: '2' },
    { mapping: 'own' as const },
  ];
  const first = <Row>(rows: readonly Row[], change: Partial<Row>) =>
    rows.map((row, n) => (n === 0 ? { ...row, ...change } : row));
  const hashes = [
    ...changedSources.map((change) => hashCatalog({ accessSources: first(accessSources, change), launchScenes })),
    ...changedScenes.map((change) => hashCatalog({ accessSources, launchScenes: first(launchScenes, change) })),
  ];
  expect(new Set([hash, ...hashes]).size).toBe(9);
});

test('an own row that says what the bundled one says is still the own one', () => {
  const [row] = launchScenes;
  if (row === undefined) throw new Error('there are launch scenes');
  const own = createSceneCatalog({ accessSources: [], launchScenes: [{ ...row, mapping: 'own' }] }, false);
  expect(own.launchScenes[0]).toEqual({ ...row, mapping: 'own' });
  expect(own.hash).not.toBe(hash);
});
