/** The recipes of config/recovery/README.md for backups, each on what was lost. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { cronCommandOf, textOf } from '../../support/documents.ts';
import { recipeOf, recipes, recoveryDocument } from '../../support/recovery-stage.ts';
import { appId, describeRecipes, month, openWarehouse } from '../../support/warehouse.ts';

vi.setConfig({ testTimeout: 240_000 });

test('every recipe has a situation in a test of this folder, or in the suite of BigQuery', () => {
  expect(Object.fromEntries([...recipes].map(([heading, those]) => [heading, those.length]))).toEqual({
    'Back up': 2,
    'Restore a dump': 2,
    'Replay a copy of the log': 1,
    'A dimension that is wrong': 1,
    'A log that was cut': 2,
    'A run that was killed': 3,
    'A full disk': 1,
    'Rotate secrets': 3,
    'Move to BigQuery': 2,
    Upgrade: 4,
    'Back to an older release': 2,
  });
});

const nightly = cronCommandOf(recoveryDocument).replace('cd /srv/scenedim', 'true');

describeRecipes('a backup', (server) => {
  test.each([
    ['a log that was cut', 'DELETE FROM scene.scene_observation', 'log was cut'],
    ['a schema that is gone', 'DROP SCHEMA scene CASCADE', 'holds no scenedim schema yet'],
  ])('of %s leaves the copy of last week, and tells', async (_, damage, says) => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    expect(await stage.succeed(nightly)).toBe('');
    const copy = 'cat scene-log-?.ndjson.gz | sha256sum';
    const before = await stage.succeed(copy);
    await sql(damage);
    const { code, stdout, stderr } = await stage.shell(nightly);
    expect([code === 0, stdout + stderr]).toEqual([false, expect.stringContaining(says)]);
    expect(await stage.succeed(copy)).toBe(before);
  });

  test('is one line of cron, and a copy of the log gives the same rows elsewhere', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage } = warehouse;
    await stage.succeed(nightly);
    expect((await readdir(stage.directory)).filter((name) => name.endsWith('.gz'))).toEqual([
      expect.stringMatching(/^scene-log-[1-7]\.ndjson\.gz$/),
    ]);
    await stage.follow('Back up');
    expect(await stage.follow('Replay a copy of the log')).toContain('verify  all right');
    const { dimension } = await stage.contents();
    expect(await readFile(join(stage.directory, 'proof.ndjson'), 'utf8')).toBe(dimension);
    expect(dimension).toContain('"二维码"');
  });

  test('as a dump stays as it is when the server cannot be reached', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage } = warehouse;
    await stage.follow('Back up', 2);
    const before = await stage.succeed('sha256sum scene.dump');
    const { code, stderr } = await stage.shell(`DATABASE_URL=postgres://127.0.0.1:1/gone; ${recipeOf('Back up', 2)}`);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Connection refused')]);
    expect(await stage.succeed('sha256sum scene.dump')).toBe(before);
  });

  test.each([
    ['the schema was dropped', 'DROP SCHEMA scene CASCADE', 'holds no scenedim schema yet'],
    ['tables were emptied', 'TRUNCATE scene.scene_payload, scene.dim_scene, scene.scene_account', ''],
  ])('as a dump is restored after %s', async (_, damage, says) => {
    await using warehouse = await openWarehouse(server);
    const { stage, simulator, sql } = warehouse;
    await stage.follow('Back up', 2);
    await stage.succeed('scenedim replay -', month(9, ['扫一扫', '搜索']).replace('wx1', 'wx2'));
    await stage.follow('Back up');
    const before = await stage.contents();
    await sql(damage);
    if (says === '') {
      await stage.fail(65, 'scenedim verify');
      await stage.follow('Restore a dump', 1);
    } else {
      const told = await stage.fail(78, 'scenedim status');
      expect(told).toContain(says);
      expect(told).toContain('if it was here before, restore a dump of it');
      expect(await stage.succeed('scenedim check')).toContain('there is no schema yet');
    }
    simulator.change({ change: 'rename', key: 4, name: '新名' });
    expect(await stage.follow('Restore a dump', 2)).toContain('verify  all right');
    const after = await stage.contents();
    expect(after.log.startsWith(before.log.split('\n')[0] ?? '')).toBe(true);
    const rows = (text: string) => new Set(text.split('\n'));
    const closed = (text: string) =>
      text.split('\n').filter((row) => row.includes('"scene_key":"4"') && row.includes(appId));
    expect([...rows(before.dimension).difference(rows(after.dimension))]).toEqual(closed(before.dimension));
    expect(closed(after.dimension)).toHaveLength(2);
    expect(after.dimension).toContain('新名');
  });

  test('as a dump is restored by a user who may make no schema, after the GRANT that the document names', async () => {
    await using warehouse = await openWarehouse(server, { filled: false });
    const { stage, sql } = warehouse;
    const { hostname, port, pathname } = new URL(warehouse.url);
    const role = `keeper_${pathname.slice(1)}`;
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    try {
      await sql(`CREATE SCHEMA scene AUTHORIZATION ${role}`);
      const asKeeper = `export DATABASE_URL=postgres://${role}:secret@${hostname}:${port}${pathname}`;
      await stage.succeed(`${asKeeper}; scenedim sync; ${recipeOf('Back up', 2)}\n${recipeOf('Back up')}`);
      await sql('DROP SCHEMA scene CASCADE');
      const refused = await stage.fail(1, `${asKeeper}; ${recipeOf('Restore a dump', 2)}`);
      const [, says = '', grant = ''] =
        /Where `([^`]+)`[^.]+ a superuser first runs `([^`]+)`/.exec(
          textOf(recoveryDocument).replaceAll(/\s+/g, ' '),
        ) ?? [];
      expect(refused).toContain(says === '' ? 'what the document quotes' : says);
      await sql(grant.replace('warehouse', pathname.slice(1)).replace('scenedim', role));
      expect(await stage.succeed(`${asKeeper}; ${recipeOf('Restore a dump', 2)}`)).toContain('verify  all right');
    } finally {
      await sql(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });

  test('a schema that is lost is made again by a sync, which says so, and is full again after a replay', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, sql } = warehouse;
    await stage.follow('Back up');
    const before = await stage.contents();
    await sql('DROP SCHEMA scene CASCADE');
    const told = 'made the schema, because there was none';
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim plan')).not.toContain(told);
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).toContain(told);
    expect(await stage.succeed('SCENEDIM_LOG_LEVEL=info scenedim sync')).not.toContain(told);
    await stage.succeed('gunzip --stdout scene-log.ndjson.gz | scenedim replay -');
    expect(await stage.succeed('scenedim verify')).toContain('all right');
    expect((await stage.contents()).dimension).toBe(before.dimension);
  });
});
