import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import { describePostgres } from '../support/postgres.ts';
import { oneAccount, open, query, signal } from '../support/postgres-loader-fixture.ts';

describePostgres('a server with array_nulls off', ({ createDatabase }) => {
  test('stores the same rows as any other', async () => {
    await using usual = await createDatabase();
    await using odd = await createDatabase();
    await query(odd.url, `alter database "${odd.name}" set array_nulls = off`);
    const contents = await Promise.all(
      [usual, odd].map(async ({ url }) => {
        await using loader = await open(url);
        await loader.migrate(sampleSettings, signal);
        await loader.apply(oneAccount('wx1'), signal);
        await loader.apply(oneAccount('NULL', 2), signal);
        return [
          await query(url, 'select * from scene.scene_account order by app_id'),
          await query(url, 'select * from scene.dim_scene order by app_id'),
          await query(url, 'select * from scene.scene_observation order by app_id'),
        ];
      }),
    );
    expect(contents[1]).toEqual(contents[0]);
    expect(contents[0]?.[0]).toHaveLength(2);
  });
});
