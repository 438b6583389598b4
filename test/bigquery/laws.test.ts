/** The laws of every target on BigQuery, each with one run of a new seed: it takes an emulator half a minute. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FirstSeen } from '../../src/dimension/version.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets } from '../support/bigquery-targets.ts';
import { statementsOf, tablesReadBy } from '../support/billing-estimate.ts';
import { compactingChangesNothing } from '../support/compact-laws.ts';
import {
  checkLaw,
  logMovesBetweenTargets,
  orderDoesNotMatter,
  repeatingChangesNothing,
} from '../support/replay-laws.ts';
import { contextFor, inputOf } from '../support/run-case.ts';

const timeout = 900_000;
const guards = { empty: 'hold', minScenes: 2, maxShrink: 0.4 } as const;

describeBigquery('a dimension in BigQuery', (suite) => {
  let targets: BigqueryTargets;
  beforeAll(() => {
    targets = createBigqueryTargets(suite);
  });
  afterAll(() => targets[Symbol.asyncDispose]());

  const createTarget = (firstSeen: FirstSeen) => targets.empty({ firstSeen });

  test('is the same for any order and any split of its observations', { timeout }, () =>
    checkLaw(orderDoesNotMatter(createTarget, 3), 1),
  );
  test('is not changed by replaying or rebuilding it', { timeout }, () =>
    checkLaw(repeatingChangesNothing(createTarget), 1),
  );
  test('stays as it is when its log is compacted, and when what was removed comes again', { timeout }, () =>
    checkLaw(compactingChangesNothing(createTarget, 0), 1),
  );
  test('can be moved by its log, decisions included', { timeout }, () =>
    checkLaw(logMovesBetweenTargets(createTarget, 2), 1),
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
