import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { renewLease } from '../../src/load/bigquery/leases/lease-statements.ts';
import { tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleSettings,
  sampleVersion,
} from '../../src/load/contract/sample-rows.ts';
import type { ChangeSet, LockScope } from '../../src/load/loader.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { runScript } from '../support/bigquery-targets.ts';

const { signal } = new AbortController();
const timeout = 300_000;

function batchOf(appId: string, runId: string): ChangeSet {
  return sampleChangeSet(
    1,
    {
      observations: [sampleObservation(appId, instantAt(0), { runId })],
      heads: [sampleHeadChange(appId, null)],
      versions: [insertOf(sampleVersion(appId, '1', instantAt(0)))],
    },
    runId,
  );
}

describeBigquery('leases in BigQuery', ({ place, timings, client, freshName, dropDataset }) => {
  let config: BigQueryConfig;
  const count = async (table: string, condition: string) => {
    const rows = await runScript(
      config,
      `SELECT CAST(COUNT(*) AS STRING) AS n FROM ${tablePath(config, table)} WHERE ${condition}`,
    );
    return Number(rows[0]?.['n']);
  };

  beforeAll(async () => {
    config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset: freshName() });
    await createBigQueryLoader(config, { timings }).migrate(sampleSettings, signal);
  }, timeout);
  afterAll(() => dropDataset(config.dataset));

  test('let shards load side by side and commit one after the other, a common body stored once', {
    timeout,
  }, async () => {
    const shards = [0, 1, 2].map((index) => ({ index, loader: createBigQueryLoader(config, { timings }) }));
    await using stack = new AsyncDisposableStack();
    for (const { index, loader } of shards) {
      stack.use(await loader.acquireLock({ kind: 'shard', index, count: 3 }, signal));
    }
    await Promise.all(shards.map(({ index, loader }) => loader.apply(batchOf(`s${index}`, `shard-${index}`), signal)));
    expect(await count('scene_account', "STARTS_WITH(app_id, 's')")).toBe(3);
    expect(await count('dim_scene', "STARTS_WITH(app_id, 's')")).toBe(3);
    expect(await count('scene_payload', 'TRUE')).toBe(1);
    expect(await count('scene_lease', "lease_id = 'commit' AND expires_at > CURRENT_TIMESTAMP()")).toBe(0);
  });

  test('are told by their end to those whom they keep out', { timeout }, async () => {
    const [one, other] = [createBigQueryLoader(config, { timings }), createBigQueryLoader(config, { timings })];
    const shard = (index: number, count: number) => ({ kind: 'shard', index, count }) as const;
    const endOf = async (scope: LockScope) => (await other.lockEndsAt?.(scope, signal)) ?? null;
    expect(await endOf({ kind: 'exclusive' })).toBeNull();
    const lock = await one.acquireLock(shard(0, 2), signal);
    const now = BigInt(Date.now()) * 1_000n;
    for (const scope of [{ kind: 'exclusive' } as const, shard(0, 2), shard(0, 3)]) {
      expect(await endOf(scope)).toBeGreaterThan(now);
    }
    expect(await endOf(shard(1, 2))).toBeNull();
    await lock?.[Symbol.asyncDispose]();
    expect(await endOf({ kind: 'exclusive' })).toBeNull();
  });

  test('that ended and were taken over stop their old holder with lock_lost', { timeout }, async () => {
    const [old, other] = [createBigQueryLoader(config, { timings }), createBigQueryLoader(config, { timings })];
    await using _held = await old.acquireLock({ kind: 'exclusive' }, signal);
    const lease = tablePath(config, 'scene_lease');
    await runScript(config, `UPDATE ${lease} SET expires_at = TIMESTAMP_MICROS(1) WHERE lease_id = 'target'`);
    await expect(old.apply(batchOf('t1', 'old'), signal)).rejects.toMatchObject({ code: 'lock_lost' });
    await using taken = await other.acquireLock({ kind: 'exclusive' }, signal);
    expect(taken).not.toBeNull();
    await expect(old.apply(batchOf('t1', 'old'), signal)).rejects.toMatchObject({ code: 'lock_lost' });
    await other.apply(batchOf('t1', 'new'), signal);
    expect(await count('scene_observation', "app_id = 't1' AND run_id = 'new'")).toBe(1);
    expect(await count('scene_run', "run_id = 'old'")).toBe(0);
  });

  test('that ended keep their old holder from storing settings', { timeout }, async () => {
    const loader = createBigQueryLoader(config, { timings });
    const stored = await loader.readMeta(signal);
    if (stored === null) throw new Error('there are no settings');
    await using _held = await loader.acquireLock({ kind: 'exclusive' }, signal);
    await loader.writeMeta({ ...stored, rebuilding: true }, signal);
    const lease = tablePath(config, 'scene_lease');
    await runScript(config, `UPDATE ${lease} SET expires_at = TIMESTAMP_MICROS(1) WHERE lease_id = 'target'`);
    await expect(loader.writeMeta(stored, signal)).rejects.toMatchObject({ code: 'lock_lost' });
    expect(await loader.readMeta(signal)).toEqual({ ...stored, rebuilding: true });
  });

  test.each([
    ['target', { kind: 'exclusive' }, { kind: 'shard', index: 0, count: 7 }],
    ['shard-1-of-7', { kind: 'shard', index: 1, count: 7 }, { kind: 'exclusive' }],
  ] as const)(
    'that ended cannot be renewed once a lease that excludes them was taken: %s',
    { timeout },
    async (leaseId, mine, theirs) => {
      await using _held = await createBigQueryLoader(config, { timings }).acquireLock(mine, signal);
      const lease = tablePath(config, 'scene_lease');
      const [row] = await runScript(config, `SELECT holder FROM ${lease} WHERE lease_id = '${leaseId}'`);
      await runScript(config, `UPDATE ${lease} SET expires_at = TIMESTAMP_MICROS(1) WHERE lease_id = '${leaseId}'`);
      await using taken = await createBigQueryLoader(config, { timings }).acquireLock(theirs, signal);
      expect(taken).not.toBeNull();
      const { sql, parameters = [] } = renewLease(config, { leaseId, holder: String(row?.['holder']) }, 300);
      const params = Object.fromEntries(parameters.map(({ name, parameterValue }) => [name, parameterValue.value]));
      const types = Object.fromEntries(parameters.map(({ name, parameterType }) => [name, parameterType.type]));
      const [renewal] = await client().createQueryJob({ query: sql, params, types, location: place().location });
      await renewal.getQueryResults();
      expect(await count('scene_lease', `lease_id = '${leaseId}' AND expires_at > CURRENT_TIMESTAMP()`)).toBe(0);
    },
  );

  test('have tokens that grow with every holder', { timeout }, async () => {
    const tokens: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      await using _lock = await createBigQueryLoader(config, { timings }).acquireLock(
        { kind: 'shard', index: 0, count: 9 },
        signal,
      );
      const sql = `SELECT CAST(token AS STRING) AS token FROM ${tablePath(config, 'scene_lease')} WHERE lease_id = 'shard-0-of-9'`;
      tokens.push((await runScript(config, sql))[0]?.['token']);
    }
    expect(tokens).toEqual(['1', '2', '3']);
  });
});
