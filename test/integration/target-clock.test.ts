/** A target with a server tells what time it is there, with requests that are made anyway. */
import { expect, test } from 'vitest';
import { type Micros, requireInstant } from '../../src/instant.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createPgliteLoader } from '../../src/load/pglite/pglite-loader.ts';
import { startLoaderOnFake } from '../support/bigquery-on-fake.ts';
import { describePostgres } from '../support/postgres.ts';
import { open, query, signal } from '../support/postgres-loader-fixture.ts';

const now = (): Micros => BigInt(Date.now()) * 1000n;

describePostgres('PostgreSQL', ({ createDatabase }) => {
  test('tells its time when it is connected to', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    expect(loader.latestTime?.()).toBeNull();
    const before = now();
    expect(await loader.readMeta(signal)).toBeNull();
    const told = loader.latestTime?.() ?? 0n;
    const [row] = await query(database.url, 'select (now() >= to_timestamp($1::numeric / 1e6)) as is_later', [
      `${told}`,
    ]);
    // Its clock is that of this machine, but for the rounding of milliseconds.
    expect([told >= before - 1_000n, row]).toEqual([true, { is_later: true }]);
  });
});

test('BigQuery tells its time with every job', async () => {
  const endTime = String(Date.UTC(2026, 0, 2));
  await using stage = await startLoaderOnFake({}, {}, { endTime });
  expect(stage.loader.latestTime?.()).toBeNull();
  await stage.loader.readMeta(signal);
  const told = stage.loader.latestTime?.() ?? 0n;
  const ended = requireInstant('2026-01-02T00:00:00Z', 'end');
  expect([told >= ended, told < ended + 60_000_000n]).toEqual([true, true]);
});

test('a target inside this process has no clock of its own', async () => {
  await using pglite = await createPgliteLoader(
    { path: 'memory://', schema: 'scene' },
    { baseDirectory: '.', openTimeoutMs: 0, signal },
  );
  for (const loader of [createMemoryLoader(), pglite]) expect(loader.latestTime).toBeUndefined();
});
