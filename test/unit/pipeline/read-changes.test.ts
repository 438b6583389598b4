import { expect, test } from 'vitest';
import { BEGINNING, OPEN_END } from '../../../src/instant.ts';
import type { VersionQuery } from '../../../src/load/loader.ts';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import { readChanges } from '../../../src/pipeline/read-changes.ts';
import { replay } from '../../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../../support/run-case.ts';

test('what is there from the beginning is opened, without a look for versions before it', async () => {
  const loader = createMemoryLoader();
  const context = contextFor(loader, { dimension: { firstSeen: 'beginning' }, guards: {} });
  const line = { app_id: 'wx1', observed_at: '2026-01-01T00:00:00Z', body: { scene: [{ name: '搜索', value: 1 }] } };
  await replay(context, { input: inputOf([JSON.stringify(line)]), name: 'log.ndjson' });
  const asked: VersionQuery[] = [];
  const watched: typeof loader = Object.create(loader, {
    readVersions: {
      value: (query: VersionQuery, signal: AbortSignal) => {
        asked.push(query);
        return loader.readVersions(query, signal);
      },
    },
  });
  const period = { since: BEGINNING, until: OPEN_END };
  const changes = await Array.fromAsync(readChanges(watched, period, context.signal));
  expect(changes.map(({ change, changedAt }) => [change, changedAt])).toEqual([['opened', BEGINNING]]);
  expect(asked).toEqual([{ changedIn: period }]);
});
