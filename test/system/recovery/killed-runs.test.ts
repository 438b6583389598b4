/** The recipes of config/recovery/README.md for a run that was killed, or hangs. */
import { once } from 'node:events';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { connect } from '../../support/postgres-loader-fixture.ts';
import { replayLog } from '../../support/replay-log.ts';
import { ended } from '../../support/spawn-cli.ts';
import { appId, describeRecipes, killed, openWarehouse, startIn, untilCount } from '../../support/warehouse.ts';

vi.setConfig({ testTimeout: 240_000 });

describeRecipes('a run that was killed', (server) => {
  test('is started again, and the end is as if nothing had happened', async () => {
    await using warehouse = await openWarehouse(server, { filled: false });
    await using undisturbed = await openWarehouse(server, { filled: false });
    const lines = [...replayLog({ accounts: 2_500, scenes: 10, answers: 1, order: 'account' })];
    const { stage } = warehouse;
    const child = startIn(warehouse, ['replay', '-']);
    for (const line of lines.slice(0, 1_800)) if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain');
    await untilCount(warehouse, 1_000);
    await killed(child);
    expect(await stage.follow('A run that was killed')).toContain('verify  all right');
    for (const each of [warehouse, undisturbed]) await each.stage.succeed('scenedim replay -', lines.join('\n'));
    expect(await stage.succeed('scenedim verify')).toContain('all right');
    const ofReplay = (text: string) => text.split('\n').filter((row) => !row.includes(appId));
    expect(ofReplay((await stage.contents()).dimension)).toEqual(
      ofReplay((await undisturbed.stage.contents()).dimension),
    );
  });

  test('or hangs keeps the lock until its session is ended, and writes nothing after that', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage } = warehouse;
    const child = startIn(warehouse, ['replay', '-']);
    const result = ended(child);
    child.stdin.on('error', () => {});
    const lines = [...replayLog({ accounts: 1_500, scenes: 10, answers: 1, order: 'account' })];
    for (const line of lines) if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain');
    await untilCount(warehouse, 1_002);
    child.kill('SIGSTOP');
    expect(await stage.fail(75, 'scenedim sync')).toContain('another run is at work');
    expect(await stage.follow('A run that was killed', 2)).toContain('sync  nothing changed');
    child.stdin.end();
    child.kill('SIGCONT');
    expect([69, 75]).toContain((await result).code);
    expect(await stage.succeed('scenedim verify')).toContain('1,002 accounts');
  });

  test('in the middle of a rebuild for another firstSeen lets no run write until the rebuild is done', async () => {
    const env = { SCENEDIM_DIMENSION_FIRST_SEEN: 'observed' };
    await using warehouse = await openWarehouse(server, { env, filled: false });
    const { stage, sql } = warehouse;
    const lines = [...replayLog({ accounts: 2_000, scenes: 10, answers: 1, order: 'account' })].join('\n');
    await stage.succeed('scenedim replay -', lines);
    const right = await stage.contents();
    await stage.succeed('SCENEDIM_DIMENSION_FIRST_SEEN=beginning scenedim rebuild');
    const child = startIn(warehouse, ['rebuild'], env);
    for (let rebuilding = false; !rebuilding; await delay(5)) {
      const [row] = await sql('SELECT rebuilding FROM scene.scene_meta');
      ({ rebuilding } = row as { readonly rebuilding: boolean });
    }
    await killed(child);
    const told = 'a rebuild of the target was interrupted';
    for (const command of ['sync', 'replay -', 'plan']) {
      expect(await stage.fail(78, `scenedim ${command}`)).toContain(told);
    }
    expect(await stage.fail(65, 'scenedim verify')).toContain(told);
    expect(await stage.succeed('scenedim rebuild && scenedim verify')).toContain('verify  all right');
    expect(await stage.contents()).toEqual(right);
  });

  test('in the middle of an --output leaves the old file, and a part of the new one that the next one removes', async () => {
    await using warehouse = await openWarehouse(server);
    const { stage, url } = warehouse;
    await stage.follow('Back up');
    await stage.succeed('gunzip --keep scene-log.ndjson.gz');
    const before = await readFile(join(stage.directory, 'scene-log.ndjson'), 'utf8');
    const parts = async () => (await readdir(stage.directory)).filter((name) => name.endsWith('.tmp'));
    await using blocker = await connect(url);
    await blocker.query('BEGIN; LOCK TABLE scene.scene_observation IN ACCESS EXCLUSIVE MODE');
    const child = startIn(warehouse, ['export-log', '--output', 'scene-log.ndjson']);
    while ((await parts()).length === 0) await delay(20);
    await killed(child);
    await blocker.query('ROLLBACK');
    expect(await parts()).toHaveLength(1);
    expect(await readFile(join(stage.directory, 'scene-log.ndjson'), 'utf8')).toBe(before);
    // Of a container, whose processes nobody sees from here.
    const foreign = 'scene-log.ndjson.0123456789abcdef_1_4711_01234567.tmp';
    await stage.write(foreign, '');
    await stage.succeed('scenedim export-log --output scene-log.ndjson');
    expect(await parts()).toEqual([foreign]);
    await stage.follow('A run that was killed', 3);
    expect(await parts()).toEqual([foreign]);
    const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
    await utimes(join(stage.directory, foreign), twoDaysAgo, twoDaysAgo);
    await stage.follow('A run that was killed', 3);
    expect(await parts()).toEqual([]);
    expect(await readFile(join(stage.directory, 'scene-log.ndjson'), 'utf8')).toBe(before);
  });
});
