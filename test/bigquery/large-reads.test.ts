/** A table that is too large to be put in order by one statement is read in ranges of accounts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { type BigQueryClient, createBigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';
import { defaultTimings } from '../../src/load/bigquery/client/timings.ts';
import type { Loader } from '../../src/load/loader.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { contextFor, inputOf, readExport } from '../support/run-case.ts';

const timeout = 240_000;
const { signal } = new AbortController();

/** 🀄 lies behind all others by code points, but not by UTF-16. */
const appIds = ['wx1', 'wx10', 'wx2', 'wx\uffee', 'wx🀄'];
const lines = appIds.flatMap((appId, account) =>
  ['a', 'b', 'c'].map((name, day) =>
    JSON.stringify({
      app_id: appId,
      observed_at: `2026-01-0${day + 1}T00:00:00Z`,
      body: { errcode: 0, scene: Array.from({ length: account + 1 }, (_, n) => ({ name: `${name}${n}`, value: n })) },
    }),
  ),
);

describeBigquery('a large table', ({ place, freshName, dropDataset }) => {
  let config: BigQueryConfig;
  let statements: string[] = [];
  beforeAll(async () => {
    config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset: freshName() });
    const { error } = await load(lines);
    expect(error).toBeNull();
  }, timeout);
  afterAll(() => dropDataset(config.dataset));

  const load = (text: readonly string[]) =>
    replay(contextFor(createBigQueryLoader(config), { dimension: {}, guards: { empty: 'accept', maxShrink: 1 } }), {
      input: inputOf(text),
      name: 'large.ndjson',
    });

  function loaderOf(rowsOrderedAtOnce: number): Loader {
    statements = [];
    const client = createBigQueryClient(config, defaultTimings.request);
    const recording: BigQueryClient = {
      ...client,
      call: (call, callSignal) => {
        const { configuration } = (call.body ?? {}) as { configuration?: { query?: { query: string } } };
        if (configuration?.query !== undefined) statements.push(configuration.query.query);
        return client.call(call, callSignal);
      },
    };
    return createBigQueryLoader(config, { client: recording, rowsOrderedAtOnce });
  }

  async function readLog(loader: Loader): Promise<string> {
    let text = '';
    for await (const piece of exportLog(loader, signal)) text += piece;
    return text;
  }

  test('is the same in ranges as at once, in the same order', { timeout }, async () => {
    const whole = loaderOf(1_000_000);
    const expected = [await readExport(whole), await readLog(whole)];
    expect(statements.filter((sql) => sql.includes('@read_at'))).toEqual([]);
    const ranged = loaderOf(4);
    expect([await readExport(ranged), await readLog(ranged)]).toEqual(expected);
    expect(statements.filter((sql) => sql.includes('@read_at')).length).toBeGreaterThan(4);
  });

  test('is of one time, whatever is written while it is read', { timeout }, async () => {
    const before = await Array.fromAsync(loaderOf(1_000_000).readVersions({}, signal));
    const found = [];
    for await (const version of loaderOf(4).readVersions({}, signal)) {
      if (found.length === 0) {
        const late = lines.at(-1)?.replace('2026-01-03', '2026-01-09').replaceAll('"c', '"late') ?? '';
        expect((await load([late])).error).toBeNull();
      }
      found.push(version);
    }
    expect(found).toEqual(before);
    expect(await Array.fromAsync(loaderOf(4).readVersions({}, signal))).not.toEqual(before);
  });

  test('gives those of the query alone', { timeout }, async () => {
    const query = { openOnly: true, sceneKey: '0' };
    const expected = await Array.fromAsync(loaderOf(1_000_000).readVersions(query, signal));
    expect(expected.map(({ appId }) => appId)).toEqual(appIds);
    expect(await Array.fromAsync(loaderOf(4).readVersions(query, signal))).toEqual(expected);
  });
});
