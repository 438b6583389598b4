import { beforeAll, beforeEach, expect, test } from 'vitest';
import { describeViewDatabases } from '../support/describe-view-databases.ts';
import { insertVersions } from '../support/view-database.ts';

const beginning = '1970-01-01T00:00:00Z';

describeViewDatabases('the date columns', (database) => {
  const timeZone = (name: string) => database().query('UPDATE scene.scene_meta SET time_zone = $1', [name]);

  beforeAll(() =>
    insertVersions(database(), [
      { app: 'wx1', key: '4', name: '二维码', from: beginning, to: '2026-02-01T16:30:00Z', ended: 'renamed' },
      { app: 'wx1', key: '4', name: '扫一扫二维码', from: '2026-02-01T16:30:00Z' },
    ]),
  );
  beforeEach(() => timeZone('UTC'));

  const dates = async (app: string, key: string) =>
    (
      await database().query<{ days: string }>(
        `SELECT effective_from_date || ' ' || effective_to_date AS days FROM scene.scene_history
         WHERE app_id = $1 AND scene_key = $2 ORDER BY effective_from`,
        [app, key],
      )
    ).map(({ days }) => days);

  test.each([
    ['UTC', ['1970-01-01 2026-02-01', '2026-02-01 9999-12-31'], '1970-01-01'],
    ['Asia/Shanghai', ['1970-01-01 2026-02-02', '2026-02-02 9999-12-31'], '1970-01-01'],
    ['America/New_York', ['1969-12-31 2026-02-01', '2026-02-01 9999-12-31'], '1969-12-31'],
  ])('date columns are days in %s, and the open end is the 31st', async (zone, days, first) => {
    await timeZone(zone);
    expect(await dates('wx1', '4')).toEqual(days);
    expect(await dates('', '')).toEqual([`${first} 9999-12-31`]);
  });

  test('date columns do not depend on the time zone of the session', async () => {
    await timeZone('Asia/Shanghai');
    const inUtc = await dates('wx1', '4');
    await database().execute(`SET TIME ZONE 'America/New_York'`);
    try {
      expect(await dates('wx1', '4')).toEqual(inUtc);
    } finally {
      await database().execute('RESET TIME ZONE');
    }
  });

  test('on a day of two names, the one in force at its end wins, over a change of the clock too', async () => {
    await timeZone('America/New_York');
    // 2026-03-08 has 23 hours there: 04:30Z on the 9th is 00:30 of the 9th, and 23:30 of the 8th without the change.
    await insertVersions(database(), [
      { app: 'wx5', key: '1', name: 'A', from: beginning, to: '2026-03-08T06:59:00Z', ended: 'renamed' },
      { app: 'wx5', key: '1', name: 'B', from: '2026-03-08T06:59:00Z', to: '2026-03-08T07:30:00Z', ended: 'renamed' },
      { app: 'wx5', key: '1', name: 'C', from: '2026-03-08T07:30:00Z', to: '2026-03-09T04:30:00Z', ended: 'renamed' },
      { app: 'wx5', key: '1', name: 'D', from: '2026-03-09T04:30:00Z' },
    ]);
    try {
      const rows = await database().query(
        `SELECT f.day::text AS day, h.scene_name AS name
         FROM (VALUES (DATE '2026-03-07'), ('2026-03-08'), ('2026-03-09'), ('9999-12-30')) AS f(day)
         LEFT JOIN scene.scene_history AS h ON h.app_id = 'wx5' AND h.scene_key = '1'
           AND h.effective_from_date <= f.day AND f.day < h.effective_to_date
         ORDER BY f.day`,
      );
      expect(rows).toEqual([
        { day: '2026-03-07', name: 'A' },
        { day: '2026-03-08', name: 'C' },
        { day: '2026-03-09', name: 'D' },
        { day: '9999-12-30', name: 'D' },
      ]);
    } finally {
      await database().execute(`DELETE FROM scene.dim_scene WHERE app_id = 'wx5'`);
    }
  });
});
