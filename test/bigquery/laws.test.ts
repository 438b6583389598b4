/** The laws of every target on BigQuery, and that it holds what the other targets hold, to the byte. */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { arbitraryLog, byTime, lineOf } from '../support/arbitrary-log.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets } from '../support/bigquery-targets.ts';
import { statementsOf, tablesReadBy } from '../support/billing-estimate.ts';
import {
  checkLaw,
  logMovesBetweenTargets,
  orderDoesNotMatter,
  repeatingChangesNothing,
} from '../support/replay-laws.ts';
import { contextFor, inputOf, readExport } from '../support/run-case.ts';

const timeout = 900_000;
const guards = { empty: 'hold', minScenes: 2, maxShrink: 0.4 } as const;

async function readLog(loader: Loader): Promise<string> {
  let text = '';
  for await (const piece of exportLog(loader, new AbortController().signal)) text += piece;
  return text;
}

describeBigquery('a dimension in BigQuery', (suite) => {
  let targets: BigqueryTargets;
  beforeAll(() => {
    targets = createBigqueryTargets(suite);
  });
  afterAll(() => targets[Symbol.asyncDispose]());

  /** Not migrated yet: a law chooses its own settings. */
  const createTarget = async (): Promise<Loader> => {
    const dataset = suite.freshName();
    const loader = createBigQueryLoader(parseBigQueryConfig({ type: 'bigquery', ...suite.place(), dataset }));
    return { ...loader, [Symbol.asyncDispose]: () => suite.dropDataset(dataset) };
  };

  test('is the same for any order and any split of its observations', { timeout }, () =>
    checkLaw(orderDoesNotMatter(createTarget), 2),
  );
  test('is not changed by replaying or rebuilding it', { timeout }, () =>
    checkLaw(repeatingChangesNothing(createTarget), 2),
  );
  test('can be moved by its log, decisions included', { timeout }, () =>
    checkLaw(logMovesBetweenTargets(createTarget), 2),
  );

  test('is byte for byte what memory holds of the same log', { timeout }, () =>
    checkLaw(
      fc.asyncProperty(arbitraryLog, async (log) => {
        await using bigquery = await targets.empty();
        await using memory = createMemoryLoader();
        const lines = [...log].sort(byTime).map(lineOf);
        for (const loader of [bigquery, memory]) {
          const context = contextFor(loader, { dimension: {}, guards });
          expect((await replay(context, { input: inputOf(lines), name: 'log.ndjson' })).error).toBeNull();
        }
        expect(await readExport(bigquery)).toBe(await readExport(memory));
        expect(await readLog(bigquery)).toBe(await readLog(memory));
      }),
      4,
    ),
  );

  test('is read by an unchanged run no further than scene_account', { timeout }, async () => {
    await using loader = await targets.empty();
    const context = contextFor(loader, { dimension: {}, guards });
    const scenes = Array.from({ length: 5 }, (_, n) => ({ name: `scene ${n}`, value: n }));
    const lineAt = (time: string) =>
      JSON.stringify({ app_id: 'wx1', observed_at: time, body: { errcode: 0, scene: scenes } });
    const load = (time: string) => replay(context, { input: inputOf([lineAt(time)]), name: 'log.ndjson' });
    await load('2026-01-01T00:00:00Z');
    const [place, before] = [suite.client(), Date.now()];
    const { report } = await load('2026-01-01T01:00:00Z');
    expect(report.outcome).toBe('nothing_changed');
    const [jobs] = await place.getJobs({ minCreationTime: String(before), maxResults: 1_000 });
    const texts = jobs.map((job) =>
      String((job.metadata as { configuration?: { query?: { query?: string } } }).configuration?.query?.query ?? ''),
    );
    const dataset = / bigquery \S+\.(\w+)$/.exec(` ${loader.description}`)?.[1] ?? '';
    const statements = texts.filter((sql) => sql.includes(`.${dataset}.`)).flatMap(statementsOf);
    expect(statements.filter((sql) => sql.startsWith('MERGE'))).toHaveLength(4);
    const tables = new Set(statements.flatMap(tablesReadBy));
    const lasting = [...tables].filter((table) => !table.startsWith('scene_stage_'));
    // One row a right, one row, and one row a run, of which a month is read.
    expect(lasting.sort()).toEqual(['scene_account', 'scene_lease', 'scene_meta', 'scene_run']);
    expect(tables.size - lasting.length).toBe(2);
  });
});
