/** The recipes of config/recovery/README.md for another release, newer or older. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { root } from '../../support/documents.ts';
import type { RecoveryStage } from '../../support/recovery-stage.ts';
import { describeRecipes, openWarehouse } from '../../support/warehouse.ts';

vi.setConfig({ testTimeout: 240_000 });

describeRecipes('an upgrade', (server) => {
  test('with autoMigrate is done by the next sync', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage } = warehouse;
    const before = await stage.contents();
    await stage.follow('Upgrade', 1);
    expect(await readFile(join(stage.directory, 'before-upgrade.ndjson'), 'utf8')).toBe(before.log);
    await stage.install(await newerRelease(stage));
    expect(await stage.fail(78, 'scenedim export-log')).toContain('has schema version 2, not 3');
    expect(await stage.succeed('scenedim check')).toContain('the target has schema version 2, this program makes 3');
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).toContain('upgraded the schema');
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).not.toContain('the schema');
    expect(await stage.succeed('scenedim verify')).toContain('all right');
    expect((await stage.contents()).dimension).toBe(before.dimension);
  });

  test.each([
    ['as a step of its own', 2, 'upgraded from 2, schema version 3'],
    ['by the script of a DBA', 3, 'ok       schema version  3'],
  ])('without autoMigrate is done %s, again and again', async (_, recipe, says) => {
    await using warehouse = await openWarehouse(server, { target: { autoMigrate: false } });
    const { stage } = warehouse;
    const before = await stage.contents();
    await stage.install(await newerRelease(stage));
    for (const command of ['sync', 'status', 'verify']) {
      expect(await stage.fail(78, `scenedim ${command}`)).toContain('has schema version 2, not 3');
    }
    expect(await stage.fail(78, 'scenedim check')).toContain('this program makes 3');
    expect(await stage.follow('Upgrade', recipe)).toContain(says);
    await stage.follow('Upgrade', recipe);
    expect(await stage.contents()).toEqual(before);
    expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
  });

  test('to another normalizer computes the rows anew', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    const before = await stage.contents();
    // As an older release leaves a target: names cleaned in another way.
    await sql('UPDATE scene.scene_meta SET normalizer_version = 0');
    await sql("UPDATE scene.dim_scene SET scene_name = scene_name || ' ' WHERE scene_key = '2'");
    for (const command of ['sync', 'plan', 'verify', 'check']) {
      const told = await stage.fail(78, `scenedim ${command}`);
      expect(told).toContain('the target was computed by normalizer 0, this program has 1');
      expect(told).toContain('run `scenedim rebuild`, which computes it by the rules of this program');
    }
    expect(await stage.succeed('scenedim status && scenedim export')).toContain('搜索 ');
    expect(await stage.follow('Upgrade', 4)).toContain('verify  all right');
    expect(await stage.contents()).toEqual(before);
    expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
  });

  test('to another normalizer waits for answers that are gone, which the release before brings back', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    const before = await stage.contents();
    await stage.follow('Back up');
    await sql("DELETE FROM scene.scene_observation WHERE observed_at < '2024-05-01'");
    await sql('UPDATE scene.scene_meta SET normalizer_version = 0');
    expect(await stage.fail(65, 'scenedim rebuild')).toContain(
      'nothing was changed: use the scenedim that computed the target, then bring the answers back',
    );
    // To the release before, the target is as it made it.
    await sql('UPDATE scene.scene_meta SET normalizer_version = 1');
    await stage.follow('A log that was cut');
    await sql('UPDATE scene.scene_meta SET normalizer_version = 0');
    expect(await stage.follow('Upgrade', 4)).toContain('verify  all right');
    expect(await stage.contents()).toEqual(before);
  });

  test('of the normalizer alone is taken back by a rebuild', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    const before = await stage.contents();
    await sql('UPDATE scene.scene_meta SET normalizer_version = 2');
    await sql("UPDATE scene.dim_scene SET scene_name = scene_name || ' ' WHERE scene_key = '2'");
    expect(await stage.fail(78, 'scenedim sync')).toContain(
      'use the newer scenedim that computed it; `scenedim rebuild` computes it by the older rules of this one',
    );
    expect(await stage.succeed('scenedim rebuild && scenedim verify')).toContain('verify  all right');
    expect(await stage.contents()).toEqual(before);
  });

  test('is taken back by a replay into a schema of the older release', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage } = warehouse;
    const program = await newerRelease(stage);
    await stage.install(program);
    await stage.succeed('scenedim migrate && scenedim sync');
    const before = await stage.contents();
    await stage.follow('Back to an older release', 1);
    await stage.install(`${root}dist/cli.js`);
    for (const command of ['sync', 'migrate', 'export', 'check']) {
      expect(await stage.fail(78, `scenedim ${command}`)).toContain(
        'the target has schema version 3, this program makes 2',
      );
    }
    expect(await stage.follow('Back to an older release', 2)).toContain('verify  all right');
    expect(await stage.contents()).toEqual(before);
    expect(await stage.succeed('scenedim sync')).toContain('nothing changed');
  });
});

/** The program with a migration more, in a folder of its own: the next release, as far as a target sees it. */
async function newerRelease(stage: RecoveryStage): Promise<string> {
  const folder = join(stage.directory, 'newer');
  await mkdir(folder);
  for (const part of ['dist', 'sql', 'package.json'])
    await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const views = await readFile(join(root, 'sql/postgres/000002_views.sql'), 'utf8');
  await writeFile(join(folder, 'sql/postgres/000003_views.sql'), views);
  return join(folder, 'dist/cli.js');
}
