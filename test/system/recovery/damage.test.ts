/** The recipes of config/recovery/README.md for a dimension that is wrong, and for a log that was cut. */
import { expect, test, vi } from 'vitest';
import { recipeOf } from '../../support/recovery-stage.ts';
import { describeRecipes, openWarehouse } from '../../support/warehouse.ts';

vi.setConfig({ testTimeout: 240_000 });

describeRecipes('a dimension', (server) => {
  test.each([
    ['rows were changed', "UPDATE scene.dim_scene SET scene_name = 'x' WHERE scene_key = '2'", 'violation'],
    ['rows were deleted', "DELETE FROM scene.dim_scene WHERE app_id = 'wx1'", 'violation'],
    ['the table was dropped', 'DROP TABLE scene.dim_scene CASCADE', 'there is no'],
  ])('of which %s is computed again', async (_, damage, says) => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    const before = await stage.contents();
    await sql(damage);
    const { code, stdout } = await stage.shell('scenedim check');
    expect([code === 0, stdout]).toEqual([false, expect.stringContaining(says)]);
    expect(await stage.follow('A dimension that is wrong')).toContain('verify  all right');
    expect(await stage.contents()).toEqual(before);
  });
});

describeRecipes('a log that was cut', (server) => {
  const cuts: Readonly<Record<string, string>> = {
    'answers are missing': "DELETE FROM scene.scene_observation WHERE observed_at < '2024-05-01'",
    'bodies are missing': 'DELETE FROM scene.scene_payload',
  };

  test.each(Object.entries(cuts))('where %s gets them back from a copy', async (_, cut) => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    const before = await stage.contents();
    await stage.follow('Back up');
    await sql(cut);
    expect(await stage.fail(65, 'scenedim verify')).toContain('its log was cut');
    expect(await stage.fail(65, 'scenedim check')).toContain('its log was cut');
    expect(await stage.fail(65, 'scenedim rebuild')).toContain('log_shortened');
    expect(await stage.follow('A log that was cut')).toContain('verify  all right');
    expect(await stage.contents()).toEqual(before);
  });

  test('of which there is no copy loses what only that answer said, and gets it back when one turns up', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    const before = await stage.contents();
    await stage.follow('Back up');
    await sql(cuts['answers are missing'] ?? '');
    const untold =
      recipeOf('A log that was cut', 2)
        .split('\n')[0]
        ?.replace(/ --confirm .*/, '') ?? '';
    expect(await stage.fail(64, untold)).toContain('nothing was done');
    expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
    expect(await stage.follow('A log that was cut', 2)).toContain('verify  all right');
    expect(await stage.succeed('scenedim history 1 --app-id wx1')).not.toContain(' 二维码 ');
    expect(await stage.follow('A log that was cut')).toContain('verify  all right');
    expect((await stage.contents()).dimension).toBe(before.dimension);
  });
});
