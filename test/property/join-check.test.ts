/** The printed join never changes the number of visits, whatever a table holds. */

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { checkJoin } from '../../src/commands/join-check/check-join.ts';
import type { Loader } from '../../src/load/loader.ts';
import { NORMALIZER_VERSION } from '../../src/normalize/snapshot.ts';
import {
  type JoinVisit,
  joinDialects,
  joinTableSql,
  joinTimeZone,
  joinVersions,
  type TimeType,
} from '../support/join-cases.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';
import { insertVersions } from '../support/view-database.ts';

const { signal } = new AbortController();
let shared: SharedPglite;
let loader: Loader;

beforeAll(async () => {
  shared = await createSharedPglite();
  loader = await shared.createLoader('scene');
  await loader.migrate(
    {
      normalizerVersion: NORMALIZER_VERSION,
      firstSeen: 'beginning',
      timeZone: joinTimeZone,
      catalog: bundledCatalog(),
    },
    signal,
  );
  const query = async <Row>(statement: string, values: readonly unknown[] = []) =>
    (await shared.pglite.query<Row>(statement, [...values])).rows;
  const none = async () => {};
  await insertVersions({ query, execute: none, [Symbol.asyncDispose]: none }, joinVersions);
}, 120_000);
afterAll(() => shared[Symbol.asyncDispose]());

const integers = fc.constantFrom(
  null,
  '0',
  '4',
  '10',
  '39',
  '60',
  '99',
  '1000',
  '1011',
  '1047',
  '8888',
  '-1',
  '123456',
);
const texts = fc.oneof(
  integers,
  fc.constantFrom('', ' 4', '04', '4.0', 'wx-1011', ' wx-1011 ', 'wx-4', '@_all', '1011.0', 'x', '０4', '4\n'),
);
const appIds = fc.constantFrom(null, 'wx1', 'wx2', 'WX1', ' wx1', 'wx9', '');
const times: Readonly<Record<TimeType, fc.Arbitrary<string | null>>> = {
  instant: fc.constantFrom(null, '1960-01-01T00:00:00Z', '2025-04-01T02:00:00Z', '2025-06-01T02:00:00Z'),
  clock: fc.constantFrom(null, '2025-04-01 09:59:59', '2025-04-01 10:00:00', '9999-01-01 00:00:00'),
  day: fc.constantFrom(null, '1969-12-31', '2025-03-31', '2025-04-01', '2025-06-01'),
  text: fc.constantFrom(
    null,
    '',
    'soon',
    '2025-04-01',
    '20250401',
    '2025-04-01 10:00:00',
    '2025-04-01T02:00:00Z',
    '2025-04-01T10:00+08',
  ),
  epoch: fc.constantFrom(
    null,
    '0',
    '-5',
    '1743472800',
    '20250401',
    '20251301',
    '1743472800000',
    '1743472800000000',
    '9223372036854775807',
    '-9223372036854775808',
  ),
};
const tables = fc
  .record({
    codes: fc.constantFrom('integer', 'text'),
    times: fc.constantFrom<TimeType>('instant', 'clock', 'day', 'text', 'epoch'),
    bridge: fc.boolean(),
  })
  .chain((table) =>
    fc.record({
      table: fc.constant(table),
      visits: fc.array(fc.tuple(appIds, table.codes === 'text' ? texts : integers, times[table.times]), {
        maxLength: 12,
      }),
    }),
  );

test('the printed join gives one row a visit, and every visit has one outcome', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(tables, async ({ table, visits }) => {
      const sql = joinTableSql('visit', joinDialects.postgres, {
        ...table,
        visits: visits as readonly JoinVisit[],
      } as never);
      await shared.pglite.exec(`DROP TABLE IF EXISTS visit; ${sql}`);
      const question = { table: 'visit', sceneColumn: 'code', appIdColumn: 'app_id', timeColumn: 'visited_at' };
      const report = await checkJoin(loader, table.bridge ? { ...question, bridge: true } : question, {
        signal,
        tell: () => {},
      });
      const { rows } = await shared.pglite.query<{ scene_name: string }>(report.sql);
      expect(rows).toHaveLength(visits.length);
      expect([report.visits, report.join]).toEqual([visits.length, { visits: visits.length, rows: visits.length }]);
      expect(rows.filter(({ scene_name }) => scene_name !== '未知')).toHaveLength(report.matched);
    }),
    { numRuns: 60 },
  );
});
